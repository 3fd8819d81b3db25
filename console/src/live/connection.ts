// The WebSocket to /v1/live: subscribes by viewport, survives drops, says how it is doing.

import type { CloudEvent } from "../api/types";
import { Signal, State } from "../signal";
import { waitMs } from "./backoff";
import { decodeFrame, FrameError, type PositionsFrame } from "./frame";

export type LinkState = "connecting" | "live" | "reconnecting" | "offline";
export type Bbox = [west: number, south: number, east: number, north: number];

const BACKOFF = { firstMs: 500, maxMs: 15_000 };
const PING_MS = 10_000;
// Nothing at all for this long, pings included: the line is dead though the socket looks open.
const SILENCE_MS = 35_000;
const OFFLINE_AFTER_MS = 30_000;
// While the map is being moved the subscription follows at most this often.
const VIEWPORT_EVERY_MS = 400;

// Close code: the token has expired.
const TOKEN_EXPIRED = 4401;

interface Hello {
  type: "hello";
  tenant: string;
  interval_ms: number;
}

type TextMessage =
  | Hello
  | { type: "resume"; token: string }
  | { type: "resync"; token: string }
  | ({ type: "event"; event_type: string } & Omit<CloudEvent, "type">)
  | { type: "pong" }
  | { type: "error"; detail: string };

export interface LiveOptions {
  token: () => string | null;
  /** Asked after a failed attempt: does the server still take our token? False ends the session. */
  stillWelcome: (tokenExpired: boolean) => Promise<boolean>;
}

export class LiveConnection {
  readonly state = new State<LinkState>("connecting");
  readonly hello = new Signal<Hello>();
  readonly frames = new Signal<PositionsFrame>();
  readonly events = new Signal<CloudEvent>();
  /** The server left events out: the list has to be fetched anew. */
  readonly eventsMissed = new Signal<void>();
  /** A new socket: handles of the old one mean nothing any more. */
  readonly opened = new Signal<void>();
  /** performance.now() of the last message of any kind, or null before the first. */
  lastMessageAt: number | null = null;

  private readonly options: LiveOptions;
  private socket: WebSocket | null = null;
  private bbox: Bbox | null = null;
  private resumeToken: string | null = null;
  private lastSeq = 0;
  private attempt = 0;
  private brokenSince: number | null = null;
  private retryTimer: number | undefined;
  private subscribeTimer: number | undefined;
  private closed = false;

  constructor(options: LiveOptions) {
    this.options = options;
    window.addEventListener("online", this.retryNow);
    window.addEventListener("offline", this.lineLost);
    document.addEventListener("visibilitychange", this.onVisible);
    window.setInterval(() => this.heartbeat(), PING_MS);
  }

  start(): void {
    this.connect();
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.retryTimer);
    this.socket?.close();
  }

  /** Renewed token: go over to a fresh socket while nothing is lost. */
  refresh(): void {
    if (this.closed || this.state.value !== "live") return;
    this.drop();
    this.connect();
  }

  look(bbox: Bbox): void {
    const first = this.bbox === null;
    this.bbox = bbox;
    if (first) this.subscribe(this.resumeToken);
    else {
      this.subscribeTimer ??= window.setTimeout(() => {
        this.subscribeTimer = undefined;
        this.subscribe();
      }, VIEWPORT_EVERY_MS);
    }
  }

  private connect(): void {
    const token = this.options.token();
    if (token === null || this.closed || this.socket !== null) return;
    const url = new URL("/v1/live", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, [`ubertruck.bearer.${token}`]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.lastSeq = 0;
      this.opened.emit();
      this.subscribe(this.resumeToken);
    };
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => this.receive(message.data);
    socket.onclose = (event) => {
      if (this.socket === socket) void this.lost(event.code === TOKEN_EXPIRED);
    };
    this.socket = socket;
  }

  /** Without a token the next frame is the whole viewport. */
  private subscribe(resume: string | null = null): void {
    if (this.bbox !== null) this.send({ type: "subscribe", bbox: this.bbox, resume });
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private receive(data: string | ArrayBuffer): void {
    this.lastMessageAt = performance.now();
    this.brokenSince = null;
    this.attempt = 0;
    this.state.set("live");
    if (typeof data === "string") this.receiveText(data);
    else this.receiveFrame(data);
  }

  private receiveFrame(data: ArrayBuffer): void {
    let frame: PositionsFrame;
    try {
      frame = decodeFrame(data);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      // A frame we cannot read leaves us with an unknown picture: ask for a whole one.
      console.warn("live feed:", error.message);
      this.subscribe();
      return;
    }
    const gap = !frame.full && frame.seq !== this.lastSeq + 1;
    this.lastSeq = frame.seq;
    this.frames.emit(frame);
    if (gap) this.subscribe();
  }

  private receiveText(data: string): void {
    const message = JSON.parse(data) as TextMessage;
    if (message.type === "hello") this.hello.emit(message);
    else if (message.type === "resume") this.resumeToken = message.token;
    else if (message.type === "event") this.events.emit({ ...message, type: message.event_type });
    else if (message.type === "resync") {
      this.resumeToken = message.token;
      this.eventsMissed.emit();
    } else if (message.type === "error") console.warn("live feed:", message.detail);
  }

  private async lost(tokenExpired = false): Promise<void> {
    this.socket = null;
    if (this.closed) return;
    const now = performance.now();
    this.brokenSince ??= this.lastMessageAt ?? now;
    const offline = !navigator.onLine || now - this.brokenSince > OFFLINE_AFTER_MS;
    this.state.set(offline ? "offline" : "reconnecting");
    const wait = waitMs(this.attempt, BACKOFF, Math.random);
    this.attempt += 1;
    if (!(await this.options.stillWelcome(tokenExpired))) return;
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => this.connect(), wait);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private heartbeat(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const silent = this.lastMessageAt !== null && performance.now() - this.lastMessageAt;
    if (silent !== false && silent > SILENCE_MS) {
      this.drop();
      void this.lost();
    } else {
      this.send({ type: "ping" });
    }
  }

  private readonly retryNow = (): void => {
    if (this.closed || this.socket !== null) return;
    window.clearTimeout(this.retryTimer);
    this.attempt = 0;
    this.connect();
  };

  private readonly lineLost = (): void => {
    if (this.socket !== null) this.drop();
    void this.lost();
  };

  private readonly onVisible = (): void => {
    if (document.visibilityState === "visible") this.retryNow();
  };
}
