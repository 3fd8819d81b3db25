// How a person signs in: e-mail address, password, a code if need be, and a password of one's own.

import { SignInError } from "./session";

const ANSWER_WITHIN_MS = 15_000;
const CODE_NEEDED = /code-required$/;

/** The password was right: the second factor is asked for as well. */
export class CodeNeededError extends SignInError {}

export interface Proof {
  tenant: string;
  email: string;
  password: string;
  code: string | null;
}

export interface Granted {
  access_token: string;
  expires_in: number;
  refresh_token: string;
  /** The token allows nothing else before. */
  must_change_password: boolean;
}

interface Told {
  type?: string;
  detail?: string;
  errors?: { detail: string }[];
}

export function beginSession({ code, ...proof }: Proof): Promise<Granted> {
  return asked("POST", "/v1/sessions", code === null ? proof : { ...proof, code }, null);
}

/** Of who has a one-time password; its token goes on where that one ended. */
export async function choosePassword(
  granted: Granted,
  current: string,
  password: string,
): Promise<Granted> {
  const wish = { current, password };
  const next = await asked("PUT", "/v1/me/password", wish, granted.access_token);
  return { ...granted, ...next, must_change_password: false };
}

async function asked(
  method: string,
  path: string,
  body: object,
  token: string | null,
): Promise<Granted> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== null) headers["Authorization"] = `Bearer ${token}`;
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: JSON.stringify(body), signal });
  } catch {
    throw new SignInError("The server does not answer. Check that it is running and try again.");
  }
  if (response.ok) return (await response.json()) as Granted;
  throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<SignInError> {
  let told: Told = {};
  try {
    told = (await response.json()) as Told;
  } catch {
    // Not every error on the way here (a proxy's, say) is problem+json.
  }
  if (CODE_NEEDED.test(told.type ?? ""))
    return new CodeNeededError("Give the code of your authenticator, or a recovery code.");
  if (response.status === 429)
    return new SignInError("Too many attempts. Wait a minute and try again.");
  const more = (told.errors ?? []).map(({ detail }) => detail);
  const said = [...new Set([told.detail, ...more].filter(Boolean))].join(": ");
  return new SignInError(said === "" ? `HTTP ${response.status}` : sentence(said));
}

function sentence(words: string): string {
  const first = words.charAt(0).toUpperCase() + words.slice(1);
  return first.endsWith(".") ? first : `${first}.`;
}
