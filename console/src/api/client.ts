// The REST calls the console makes, with one way of saying what went wrong.

import { unwrapped } from "../map/lines";
import type { SessionKeeper } from "./session";
import type {
  CloudEvent,
  Fence,
  Journey,
  Page,
  Position,
  RouteAnswer,
  RouteLine,
  Span,
  TrackAnswer,
  TrackPoint,
  TruckInfo,
} from "./types";

const PAGE_LIMIT = 500;
const PAGES_MAX = 200;
// A day of fixes every five seconds, with room to spare.
const TRACK_LIMIT = 20_000;
const ANSWER_WITHIN_MS = 15_000;

/** What is wrong with one field of a request; the pointer is empty when it is about all of it. */
export interface FieldError {
  pointer?: string;
  detail: string;
  code?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly correlationId: string | null;
  readonly errors: readonly FieldError[];

  constructor(
    status: number,
    message: string,
    correlationId: string | null,
    errors: readonly FieldError[] = [],
  ) {
    super(message);
    this.status = status;
    this.correlationId = correlationId;
    this.errors = errors;
  }
}

interface Problem {
  title?: string;
  detail?: string;
  correlation_id?: string;
  errors?: FieldError[];
}

/** `key`: what makes a repetition the same request; `version`: of what is changed. */
interface PostOptions {
  key?: string;
  version?: number;
}

export class ApiClient {
  /** Of the fences that were read last, by their ids. */
  fenceNames: ReadonlyMap<string, string> = new Map();
  private readonly session: SessionKeeper;

  constructor(session: SessionKeeper) {
    this.session = session;
  }

  truck(id: string): Promise<TruckInfo> {
    return this.get(`/v1/trucks/${encodeURIComponent(id)}`);
  }

  position(id: string): Promise<Position> {
    return this.get(`/v1/trucks/${encodeURIComponent(id)}/position`);
  }

  /** The fixes of a time, oldest first. */
  async trackBetween(id: string, fromMs: number, toMs: number): Promise<TrackPoint[]> {
    const query = period(fromMs, toMs);
    query.set("format", "geojson");
    query.set("limit", String(TRACK_LIMIT));
    const path = `/v1/trucks/${encodeURIComponent(id)}/track`;
    return trackPoints(await this.get<TrackAnswer>(`${path}?${query}`));
  }

  /** Those that have a part in the time, oldest first. */
  spans(
    id: string,
    list: "trips" | "stops" | "deviations" | "spans",
    fromMs: number,
    toMs: number,
    kind?: string,
  ): Promise<Span[]> {
    const query = period(fromMs, toMs);
    query.set("order", "asc");
    if (kind !== undefined) query.set("kind", kind);
    return this.all<Span>(`/v1/trucks/${encodeURIComponent(id)}/${list}`, query);
  }

  journeyOf(truck: string): Promise<Journey> {
    return this.get(`/v1/trucks/${encodeURIComponent(truck)}/journey`);
  }

  journey(id: string): Promise<Journey> {
    return this.get(`/v1/journeys/${encodeURIComponent(id)}`);
  }

  /** Versions never change. */
  async routeLine(id: string, version: number): Promise<RouteLine> {
    const path = `/v1/routes/${encodeURIComponent(id)}?format=geojson&version=${version}`;
    const { properties, geometry } = await this.get<RouteAnswer>(path);
    return { name: properties.name, coordinates: unwrapped(geometry.coordinates) };
  }

  /** What happened to a truck in this time, as far as it is known now. */
  eventsBetween(truck: string, fromMs: number, toMs: number): Promise<CloudEvent[]> {
    const query = period(fromMs, toMs);
    query.set("truck", truck);
    return this.all<CloudEvent>("/v1/events", query);
  }

  async fences(): Promise<Fence[]> {
    const fences = await this.all<Fence>("/v1/fences", new URLSearchParams());
    this.fenceNames = new Map(fences.map(({ id, name }) => [id, name]));
    return fences;
  }

  async recentEvents(limit: number, truck?: string): Promise<CloudEvent[]> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (truck !== undefined) query.set("truck", truck);
    return (await this.get<Page<CloudEvent>>(`/v1/events?${query}`)).items;
  }

  async all<T>(path: string, query: URLSearchParams): Promise<T[]> {
    query.set("limit", String(PAGE_LIMIT));
    const items: T[] = [];
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer = await this.get<Page<T>>(`${path}?${query}`);
      items.push(...answer.items);
      if (answer.next_cursor === null || answer.next_cursor === undefined) break;
      query.set("cursor", answer.next_cursor);
    }
    return items;
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>(path, { headers: {} });
  }

  /** A picture or a paper, whole; what it is asked for with a token cannot be a plain link. */
  async blob(path: string, form: string): Promise<Blob> {
    const response = await this.answered(path, { headers: { Accept: `${form}, */*;q=0.5` } });
    // Never as what the answer calls itself: nothing but what was asked for is shown.
    return new Blob([await response.arrayBuffer()], { type: form });
  }

  /** Done once, even if it has to be sent again. */
  post<T>(path: string, body: object, { key, version }: PostOptions = {}): Promise<T> {
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      "Idempotency-Key": key ?? newKey(),
      ...matching(version),
    };
    return this.send<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  put<T>(path: string, body: object, version?: number): Promise<T> {
    return this.send<T>(path, {
      method: "PUT",
      headers: { "Content-Type": "application/json", ...matching(version) },
      body: JSON.stringify(body),
    });
  }

  patch<T>(path: string, body: object, version?: number): Promise<T> {
    return this.send<T>(path, {
      method: "PATCH",
      headers: { "Content-Type": "application/json", ...matching(version) },
      body: JSON.stringify(body),
    });
  }

  async remove(path: string, version?: number): Promise<void> {
    await this.answered(path, { method: "DELETE", headers: matching(version) });
  }

  /** What is no JSON; some of it is worth reading though its status says that not all is well. */
  async text(path: string, isFine: (status: number) => boolean = () => false): Promise<string> {
    return (await this.answered(path, { headers: {} }, isFine)).text();
  }

  private async send<T>(path: string, request: Request): Promise<T> {
    return (await (await this.answered(path, request)).json()) as T;
  }

  private async answered(
    path: string,
    request: Request,
    isFine: (status: number) => boolean = () => false,
    retried = false,
  ): Promise<Response> {
    const session = this.session.current.value;
    if (session === null) throw new ApiError(401, "You are signed out.", null);
    let response: Response;
    try {
      response = await fetch(path, {
        ...request,
        headers: { ...request.headers, Authorization: `Bearer ${session.token}` },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
    } catch {
      throw new ApiError(0, "The server does not answer.", null);
    }
    if (response.ok || isFine(response.status)) return response;
    if (response.status === 401) {
      if (!retried && this.session.canRenew() && (await this.session.renew())) {
        return this.answered(path, request, isFine, true);
      }
      this.session.end("Your session is no longer valid. Sign in again to go on.");
    }
    throw await problemOf(response);
  }
}

interface Request {
  method?: string;
  headers: Record<string, string>;
  body?: string;
}

/** To this version of it: whoever changed it meanwhile is looked at first. */
function matching(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { "If-Match": `"${version}"` };
}

/** Not crypto.randomUUID, which plain http in a local network does not have. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function period(fromMs: number, toMs: number): URLSearchParams {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return new URLSearchParams({ from, to });
}

function trackPoints(answer: TrackAnswer): TrackPoint[] {
  return answer.features.flatMap(({ geometry, properties }) => {
    const line =
      geometry?.type === "LineString"
        ? geometry.coordinates
        : geometry?.type === "Point"
          ? [geometry.coordinates]
          : [];
    return line.map(([lon = 0, lat = 0], i) => {
      return { lat, lon, tsMs: Date.parse(properties.coordTimes?.[i] ?? "") };
    });
  });
}

async function problemOf(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    problem = (await response.json()) as Problem;
  } catch {
    // Not every error on the way here (a proxy's, say) is problem+json.
  }
  const message = problem.detail ?? problem.title ?? `The server answered HTTP ${response.status}.`;
  const correlationId = problem.correlation_id ?? response.headers.get("X-Correlation-ID");
  return new ApiError(response.status, message, correlationId, problem.errors);
}
