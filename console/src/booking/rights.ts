// What the signed-in principal may do: what it may not is not offered.

import { claimsOf, type SessionKeeper } from "../api/session";

export class Rights {
  private readonly session: SessionKeeper;
  /** Refused by the server, whatever the token says. */
  private readonly refused = new Set<string>();

  constructor(session: SessionKeeper) {
    this.session = session;
  }

  /** A token that does not say what it may do is tried out. */
  may(permission: string): boolean {
    if (this.refused.has(permission)) return false;
    const granted = this.claim("permissions");
    return !Array.isArray(granted) || granted.includes(permission);
  }

  /** Who speaks for one shipper books for no other. */
  get shipper(): string | null {
    const bound = this.claim("shipper");
    return typeof bound === "string" ? bound : null;
  }

  /** Whether the server's name for somebody, such as `client:c1`, is that of who is signed in. */
  isMe(name: string | null): boolean {
    const subject = this.claim("sub");
    return typeof subject === "string" && name !== null && name.endsWith(`:${subject}`);
  }

  /** The server's name for who is signed in, as far as the token says. */
  get me(): string | null {
    const [kind, subject] = [this.claim("kind"), this.claim("sub")];
    if (typeof subject !== "string") return null;
    return typeof kind === "string" ? `${kind}:${subject}` : subject;
  }

  /** Messages are sent to people, not to clients. */
  get isPerson(): boolean {
    return this.claim("kind") === "user";
  }

  refuse(permission: string): void {
    this.refused.add(permission);
  }

  private claim(name: string): unknown {
    return claimsOf(this.session.current.value?.token ?? "")[name];
  }
}
