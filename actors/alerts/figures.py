"""What is counted for metrics: alerts that are open, and how many of them people call right."""

from __future__ import annotations

from collections.abc import MutableMapping

from actors.desk import WorkDesk
from freight.alerts.kinds import Kind, Severity
from freight.alerts.state import Judgement
from store import alert_counts, watch_spells


async def figures_round(desk: WorkDesk, counts: MutableMapping[str, float]) -> int:
    """All of them each time, so that what is nowhere any more goes back to zero."""
    async with desk.system.acquire() as conn:
        standing = await alert_counts.standing(conn)
        judged = await alert_counts.judged(conn)
        blind = await watch_spells.blind_tenants(conn, desk.settings.now.watch.surveys.found_max)
    for severity in Severity:
        counts[f"open_{severity.value}"] = sum(n for _, told, n in standing if told == severity)
    for kind in Kind:
        counts[f"open_of_{kind.value}"] = sum(n for told, _, n in standing if told == kind)
        for judgement in Judgement:
            counts[f"{judgement.value}s_of_{kind.value}"] = sum(
                n for told, was, n in judged if told == kind and was == judgement
            )
    for judgement in Judgement:
        counts[f"{judgement.value}s"] = sum(n for _, was, n in judged if was == judgement)
    counts["blind_tenants"] = len(blind)
    return 0
