// The calls that whoever is signed in makes about themselves.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import { pathOf, queryOf } from "../money/api";
import type { InboxItem, Phone, Preferences, Unread, Wishes } from "./types";

const INBOX = "inbox";
const PREFERENCES = "/v1/notification-preferences";
const PHONES = "push-tokens";

export class MineApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  messages(onlyUnread: boolean, cursor: string | null): Promise<Page<InboxItem>> {
    const unread = onlyUnread ? "true" : null;
    return this.client.get(`/v1/${INBOX}?${queryOf({ unread, cursor })}`);
  }

  unread(): Promise<Unread> {
    return this.client.get(`/v1/${INBOX}/summary`);
  }

  read({ id }: InboxItem): Promise<InboxItem> {
    return this.client.post(`${pathOf(INBOX, id)}/read`, {});
  }

  /** With the newest that was seen: what has come since then is left. */
  readUpTo({ id }: InboxItem): Promise<Unread> {
    return this.client.post(`/v1/${INBOX}/read`, { up_to: id });
  }

  preferences(): Promise<Preferences> {
    return this.client.get(PREFERENCES);
  }

  choose(wishes: Wishes, version: number): Promise<Preferences> {
    return this.client.put(PREFERENCES, wishes, version);
  }

  async phones(): Promise<Phone[]> {
    return (await this.client.get<Page<Phone>>(`/v1/${PHONES}`)).items;
  }

  forget({ id }: Phone): Promise<void> {
    return this.client.remove(pathOf(PHONES, id));
  }
}
