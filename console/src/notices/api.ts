// The calls about messages to people, templates and who is on call.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import { pathOf, queryOf } from "../money/api";
import type {
  Calendar,
  CalendarWish,
  Form,
  Notice,
  OnCallNow,
  Person,
  Preview,
  Template,
  WholeNotice,
} from "./types";

const MESSAGES = "notifications";
const TEMPLATES = "notification-templates";
const ON_CALL = "on-call";

export interface NoticeQuery {
  state: string;
  person: string;
}

export class NoticesApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  page(query: NoticeQuery, cursor: string | null): Promise<Page<Notice>> {
    return this.client.get(`/v1/${MESSAGES}?${queryOf({ ...query, cursor })}`);
  }

  whole(id: string): Promise<WholeNotice> {
    return this.client.get(pathOf(MESSAGES, id));
  }

  replay({ id, version }: Notice): Promise<Notice> {
    return this.client.post(`${pathOf(MESSAGES, id)}/replay`, {}, { version });
  }

  templates(): Promise<Template[]> {
    return this.client.all<Template>(`/v1/${TEMPLATES}`, new URLSearchParams());
  }

  preview({ kind, language, channel }: Template, form: Form): Promise<Preview> {
    return this.client.post(`/v1/${TEMPLATES}/preview`, { kind, language, channel, ...form });
  }

  /** What the product ships is replaced by a first version of one's own. */
  save({ id, version }: Template, form: Form): Promise<Template> {
    return this.client.put(pathOf(TEMPLATES, id), form, version);
  }

  async calendars(): Promise<Calendar[]> {
    return this.client.all<Calendar>(`/v1/${ON_CALL}`, new URLSearchParams());
  }

  make(id: string, wish: CalendarWish): Promise<Calendar> {
    return this.client.post(`/v1/${ON_CALL}`, { id, ...wish });
  }

  change({ id, version }: Calendar, wish: CalendarWish): Promise<Calendar> {
    return this.client.put(pathOf(ON_CALL, id), wish, version);
  }

  remove({ id, version }: Calendar): Promise<void> {
    return this.client.remove(pathOf(ON_CALL, id), version);
  }

  async people(): Promise<Person[]> {
    const found = await this.client.all<Person>("/v1/users", new URLSearchParams());
    return found.filter(({ disabled_at }) => disabled_at === null);
  }

  onCallNow(): Promise<OnCallNow> {
    return this.client.get(`/v1/${ON_CALL}/now`);
  }

  standIn(
    calendar: string,
    wish: { level: number; person: string; from: string; to: string },
  ): Promise<unknown> {
    return this.client.post(`${pathOf(ON_CALL, calendar)}/overrides`, wish);
  }

  withdraw(calendar: string, override: string): Promise<void> {
    return this.client.remove(
      `${pathOf(ON_CALL, calendar)}/overrides/${encodeURIComponent(override)}`,
    );
  }
}
