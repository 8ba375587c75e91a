/** What the library needs of the browser, and the browser's own. */
import { everyBeat } from "./beats.js";
import { listen } from "./media/listen.js";

export interface Page {
  readonly WebSocket: new (url: string, protocols: string[]) => WebSocket;
  readonly media: MediaDevices | undefined;
  /** Missing where the page is not secure. */
  readonly subtle: SubtleCrypto | undefined;
  /** Storage of this tab, and of this browser. */
  readonly tab: Storage;
  readonly browser: Storage;
  readonly location: Pick<Location, "protocol" | "host" | "pathname" | "hash">;
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Changes the address without loading it. */
  goTo(path: string): void;
  /** Milliseconds: performance.now(), and since the Unix epoch. */
  now(): number;
  epochMs(): number;
  random(): number;
  /** By which zone this machine goes: an IANA name. */
  zone(): string;
  newId(): string;
  after(ms: number, run: () => void): () => void;
  everyBeat(run: () => void): () => void;
  /** How loud each tenth of a second of a track is (decibels of full scale). */
  listen(track: MediaStreamTrack, heard: (db: number) => void): () => void;
  /** Whether this machine is in a network, and when that changes. */
  hasNetwork(): boolean;
  onNetwork(run: () => void): void;
  /** The network or the person came back to this page. */
  onReturn(run: () => void): void;
  /** The page is being left. */
  onLeave(run: () => void): void;
  /** Another link was put into the address bar of this same page. */
  onAddress(run: () => void): void;
}

export function browserPage(): Page {
  return {
    WebSocket,
    media: navigator.mediaDevices as MediaDevices | undefined,
    subtle: crypto.subtle as SubtleCrypto | undefined,
    tab: storage(() => sessionStorage),
    browser: storage(() => localStorage),
    location,
    fetch: (path, init) => fetch(path, init),
    goTo: (path) => history.replaceState(null, "", path),
    now: () => performance.now(),
    epochMs: () => Date.now(),
    random: Math.random,
    zone: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
    newId,
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    everyBeat,
    listen,
    hasNetwork: () => navigator.onLine,
    onNetwork(run) {
      window.addEventListener("online", run);
      window.addEventListener("offline", run);
    },
    onReturn(run) {
      window.addEventListener("online", run);
      window.addEventListener("pageshow", run);
      document.addEventListener("visibilitychange", () => !document.hidden && run());
    },
    onAddress(run) {
      addEventListener("hashchange", run);
    },
    onLeave(run) {
      window.addEventListener("pagehide", run);
    },
  };
}

/** 26 characters, 130 random bits. */
function newId(): string {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  const bytes = crypto.getRandomValues(new Uint8Array(26));
  return Array.from(bytes, (byte) => alphabet[byte % 32]).join("");
}

/** The browser's storage, or where it is forbidden one that lives as long as the page. */
function storage(get: () => Storage): Storage {
  try {
    return get();
  } catch {
    return new MemoryStorage();
  }
}

export class MemoryStorage implements Storage {
  [name: string]: unknown;
  private readonly values = new Map<string, string>();

  get length(): number {
    return this.values.size;
  }
  clear(): void {
    this.values.clear();
  }
  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.values.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.values.delete(key);
  }
  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }
}
