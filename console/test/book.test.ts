// The book of alerts: steps at once, in order, and taken back in words when the server says no.

import { beforeEach, describe, expect, it } from "vitest";
import type { AlertApi } from "../src/alerts/api";
import { AlertBook } from "../src/alerts/book";
import type { Alert, WholeAlert } from "../src/alerts/types";
import { ApiError } from "../src/api/client";
import type { Rights } from "../src/booking/rights";

const ABOUT = { kind: "panic", truck: "TRK-1", booking: null, subject: "trucks/TRK-1" };
const RAISED = { ...ABOUT, id: "a1", state: "raised", severity: "critical", version: 1 } as Alert;
const RIGHTS = { refuse: () => undefined } as unknown as Rights;

describe("a step", () => {
  let open: Alert[];
  let whole: Alert;
  let book: AlertBook;
  let said: string[];

  beforeEach(async () => {
    open = [RAISED];
    whole = RAISED;
    const api = { open: async () => open, whole: async () => whole as WholeAlert };
    book = new AlertBook(api as unknown as AlertApi, RIGHTS, () => 0);
    said = [];
    book.said.on((words) => said.push(words));
    await book.load();
  });

  it("is seen at once, and the next one goes to the version that it made", async () => {
    const versions: number[] = [];
    const send = async (alert: Alert): Promise<Alert> => {
      versions.push(alert.version);
      return { ...alert, version: alert.version + 1, state: "acknowledged" };
    };
    const first = book.take("a1", { looks: { state: "acknowledged" }, send });
    void book.take("a1", { looks: { assigned_to: "client:me" }, send });
    expect(book.get("a1")).toMatchObject({ state: "acknowledged", assigned_to: "client:me" });
    expect(book.isWaiting("a1")).toBe(true);
    await first;
    expect(versions).toEqual([1, 2]);
    expect(book.get("a1")).toMatchObject({ state: "acknowledged", version: 3 });
    expect(book.isWaiting("a1")).toBe(false);
  });

  it("is taken back with who was faster, and what was asked after it is not sent", async () => {
    whole = { ...RAISED, version: 2, state: "resolved", resolved_by: "user:ravi" };
    let sent = 0;
    const send = async (): Promise<Alert> => {
      sent += 1;
      throw new ApiError(412, "stale", null);
    };
    const first = book.take("a1", { looks: { state: "acknowledged" }, send });
    void book.take("a1", { looks: { judged: "true_alert" }, send });
    await first;
    expect(sent).toBe(1);
    expect(book.get("a1")).toMatchObject({ state: "resolved", version: 2 });
    expect(book.get("a1")?.judged).toBeUndefined();
    expect(said[0]).toMatch(/ravi resolved it meanwhile/);
  });

  it("is sent again when the watch only noted more of the same", async () => {
    whole = { ...RAISED, version: 4, count: 2 };
    const versions: number[] = [];
    const send = async (alert: Alert): Promise<Alert> => {
      versions.push(alert.version);
      if (alert.version < 4) throw new ApiError(412, "stale", null);
      return { ...alert, version: 5, state: "acknowledged" };
    };
    await book.take("a1", { looks: { state: "acknowledged" }, send });
    expect(versions).toEqual([1, 4]);
    expect(book.get("a1")).toMatchObject({ state: "acknowledged", version: 5 });
    expect(said).toEqual([]);
  });

  it("makes nothing look quiet that could not be loaded", async () => {
    expect(book.doubt).toBeNull();
    open = Promise.reject(new ApiError(503, "The database is away.", null)) as never;
    await book.load();
    expect(book.trouble.value).toBe("The database is away.");
    expect(book.doubt).toMatch(/could not be loaded/);
    expect(book.alerts).toHaveLength(1);
  });

  it("is heard when something critical comes, and not at the first look", async () => {
    const heard: string[][] = [];
    book.alarmed.on((alerts) => heard.push(alerts.map(({ id }) => id)));
    await book.load();
    open = [RAISED, { ...RAISED, id: "a2" }];
    await book.load();
    await book.load();
    expect(heard).toEqual([["a2"]]);
  });
});
