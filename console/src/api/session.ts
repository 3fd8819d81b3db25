// Who is signed in: the token in sessionStorage, its renewal before expiry, and why it ended.

import { Signal, State } from "../signal";

const STORE_KEY = "ubertruck.session";
const FAREWELL_KEY = "ubertruck.farewell";
const RENEW_BEFORE_S = 60;
const RENEW_RETRY_S = 10;
const ANSWER_WITHIN_MS = 15_000;

export interface Session {
  /** Null: it is a person's. */
  clientId: string | null;
  token: string;
  expiresAtMs: number;
}

interface TokenAnswer {
  access_token: string;
  expires_in: number;
  refresh_token?: string;
}

export class SignInError extends Error {}

/** What a token says about itself; for display only, the server is the judge. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const body = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(body.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
      c.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function requestToken(form: Record<string, string>): Promise<TokenAnswer> {
  let response: Response;
  try {
    response = await fetch("/v1/oauth/token", {
      method: "POST",
      body: new URLSearchParams(form),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch {
    throw new SignInError("The server does not answer. Check that it is running and try again.");
  }
  if (response.ok) return (await response.json()) as TokenAnswer;
  if (response.status === 400 || response.status === 401) {
    throw new SignInError("The client id or the secret is wrong.");
  }
  if (response.status === 429) {
    throw new SignInError("Too many attempts. Wait a minute and try again.");
  }
  throw new SignInError(`The server cannot sign you in now (HTTP ${response.status}).`);
}

export class SessionKeeper {
  readonly current = new State<Session | null>(null);
  /** Said once when the session is about to end and cannot be renewed: epoch ms of its end. */
  readonly ending = new Signal<number>();
  // The secret lives in this page's memory only, to renew a token while the page stays open.
  private secret: string | null = null;
  // A person's; good once, so a copy of the tab must not have it, too.
  private refreshToken: string | null = null;
  private renewing: Promise<boolean> | null = null;
  private timer: number | undefined;
  private warned = false;

  restore(): boolean {
    const raw = sessionStorage.getItem(STORE_KEY);
    if (raw === null) return false;
    const session = JSON.parse(raw) as Session;
    if (session.expiresAtMs <= Date.now()) {
      this.end("Your session has expired. Sign in again to go on.");
      return false;
    }
    this.accept(session);
    return true;
  }

  async signIn(clientId: string, secret: string): Promise<void> {
    const answer = await requestToken({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: secret,
    });
    this.secret = secret;
    this.accept(sessionFrom(clientId, answer));
  }

  signInPerson(granted: TokenAnswer): void {
    this.refreshToken = granted.refresh_token ?? null;
    this.accept(sessionFrom(null, granted));
  }

  /** By whoever is signed in: a person's session ends on the server, too. */
  signOut(): void {
    const session = this.current.value;
    if (session !== null && session.clientId === null) endSession(session.token);
    this.end(null);
  }

  /** Forgets everything; the reason, if any, greets the next sign-in. */
  end(reason: string | null): void {
    window.clearTimeout(this.timer);
    this.secret = null;
    this.refreshToken = null;
    sessionStorage.removeItem(STORE_KEY);
    if (reason !== null) sessionStorage.setItem(FAREWELL_KEY, reason);
    this.current.set(null);
  }

  takeFarewell(): string | null {
    const reason = sessionStorage.getItem(FAREWELL_KEY);
    sessionStorage.removeItem(FAREWELL_KEY);
    return reason;
  }

  /** Called when the server refuses the token; true when a new one was got. */
  renew(): Promise<boolean> {
    // Two at the same time would look like a stolen token, and end the session.
    this.renewing ??= this.renewOnce().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async renewOnce(): Promise<boolean> {
    const session = this.current.value;
    if (session === null) return false;
    try {
      const answer = await requestToken(this.renewalForm(session));
      this.refreshToken = answer.refresh_token ?? null;
      this.accept(sessionFrom(session.clientId, answer));
      return true;
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      return false;
    }
  }

  canRenew(): boolean {
    return this.secret !== null || this.refreshToken !== null;
  }

  private renewalForm(session: Session): Record<string, string> {
    if (this.refreshToken !== null)
      return { grant_type: "refresh_token", refresh_token: this.refreshToken };
    return {
      grant_type: "client_credentials",
      client_id: session.clientId ?? "",
      client_secret: this.secret ?? "",
    };
  }

  private accept(session: Session): void {
    sessionStorage.setItem(STORE_KEY, JSON.stringify(session));
    this.warned = false;
    this.current.set(session);
    this.schedule(Math.max(0, session.expiresAtMs - Date.now() - RENEW_BEFORE_S * 1000));
  }

  private schedule(delayMs: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.beforeExpiry(), delayMs);
  }

  private async beforeExpiry(): Promise<void> {
    const session = this.current.value;
    if (session === null) return;
    if (this.canRenew() && (await this.renew())) return;
    if (!this.canRenew() && !this.warned) this.ending.emit(session.expiresAtMs);
    this.warned = true;
    if (session.expiresAtMs <= Date.now()) {
      this.end("Your session has expired. Sign in again to go on.");
      return;
    }
    this.schedule(Math.min(RENEW_RETRY_S * 1000, session.expiresAtMs - Date.now()));
  }
}

/** Behind a page that is about to go; a session that cannot be ended now ends by itself. */
function endSession(token: string): void {
  const headers = { Authorization: `Bearer ${token}` };
  const wish = { method: "DELETE", headers, keepalive: true };
  void fetch("/v1/sessions/current", wish).catch(() => null);
}

function sessionFrom(clientId: string | null, answer: TokenAnswer): Session {
  return {
    clientId,
    token: answer.access_token,
    expiresAtMs: Date.now() + answer.expires_in * 1000,
  };
}
