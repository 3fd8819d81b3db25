"""The actor that finds trucks for legs."""

from __future__ import annotations

from config.schema import Positive, Section, key


class Dispatcher(Section):
    """How the actor that finds trucks for legs goes round."""

    look_s: Positive = key("How often it is looked whose legs wait for trucks.", live=True)
    look_back_s: Positive = key(
        "How often drivers' hours and carriers' ratings are counted anew.", live=True
    )
    retry_wait_s_max: Positive = key("The longest wait before it is tried again.", live=True)
