/** Puts the library together: one object that keeps the state and does what pages ask for. */
import type {
  MentorshipCreated,
  NewLink,
  NewMentorship,
  About,
  Grant,
  IceServer,
  PersonView,
  ServerFrame,
  SessionAccount,
  SessionView,
} from "../protocol/types.js";
import { Access, byPress } from "./access.js";
import { Arrangements } from "./arrange.js";
import { Arrival } from "./arrival.js";
import { Call } from "./call/call.js";
import { ChatOf } from "./chat.js";
import { cursors } from "./conversations.js";
import type { Clock } from "./call/contact.js";
import { Proofs } from "./call/proofs.js";
import { signing, type Signing } from "./call/signing.js";
import { LedgerOf } from "./ledger.js";
import { Devices } from "./media/devices.js";
import { meter } from "./media/meter.js";
import { Speech } from "./media/speech.js";
import type { App, Link } from "./model.js";
import { browserPage, type Page } from "./page.js";
import { PrivacyOf } from "./privacy.js";
import { Reflections } from "./reflections.js";
import { SafetyOf } from "./safety.js";
import { Sessions } from "./sessions.js";
import { Socket } from "./socket.js";
import { inRoom } from "./session.js";
import { ZonesOf } from "./zones.js";
import * as reduce from "./state.js";
import { START, type State } from "./state.js";
import { pressedForLink, refused } from "./trouble.js";

const IN_CALL = "ithaca.call"; // in the tab
/** A change of the clock that nobody would see is no news. */
const CLOCK_NEWS_US = 20_000;

export function createApp(page: Page = browserPage()): App {
  const app = new Ithaca(page);
  void app.begin();
  return app;
}

class Ithaca implements App {
  private current: State = START;
  private readonly listeners = new Set<(state: State) => void>();
  private batches = 0;
  private changed = false;

  readonly chat: ChatOf;
  readonly safety: SafetyOf;
  readonly privacy: PrivacyOf;
  readonly zones: ZonesOf;
  readonly arrange: Arrangements;
  readonly reflect: Reflections;
  readonly ledger: LedgerOf;
  private readonly sessions: Sessions;
  private readonly arrival: Arrival;
  private readonly access: Access;
  private readonly socket: Socket;
  private readonly devices: Devices;
  private readonly signing: Signing;
  private readonly proofs: Proofs;
  private readonly speech: Speech;
  /** The call that is ready on the pre-join page, and the one that was joined last. */
  private prepared: Call | null = null;
  private call: Call | null = null;
  private iceServers: readonly IceServer[] = [];
  private stopMeter: (() => void) | null = null;
  /** A form that may have been taken already is sent again under the same key. */
  private form: { readonly text: string; readonly key: string } | null = null;

  constructor(private readonly page: Page) {
    this.access = new Access(page);
    this.arrival = new Arrival({
      exchange: (invitation) => this.access.exchange(invitation),
      now: () => page.now(),
      random: () => page.random(),
      after: (ms, run) => page.after(ms, run),
      refused: (trouble) => this.set({ ...this.current, phase: "refused", trouble }),
      waiting: (retryAt, trouble) =>
        this.set({ ...this.current, link: { is: "offline", retryAt, trouble } }),
    });
    this.arrange = new Arrangements(
      this.access,
      () => page.newId(),
      () => this.nowUs(),
      (id, of) => this.set({ ...this.current, arranged: { ...this.current.arranged, [id]: of } }),
    );
    this.safety = new SafetyOf(
      this.access,
      () => page.newId(),
      (view) => this.set(reduce.withArrangements(this.current, view)),
    );
    this.privacy = new PrivacyOf(this.access, (to) => this.set(to(this.current)));
    this.zones = new ZonesOf(this.access, page, (to) => this.set(to(this.current)));
    this.reflect = new Reflections(this.access, () => this.current, (kept) =>
      this.set({ ...this.current, ...kept }),
    );
    this.sessions = new Sessions(this.access, (to) => this.set(to(this.current)));
    const took = (view: SessionView): void => this.set(reduce.withSession(this.current, view));
    this.ledger = new LedgerOf(this.access, () => page.newId(), took);
    const scheme = page.location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new Socket({
      url: `${scheme}//${page.location.host}/ws`,
      WebSocket: page.WebSocket,
      now: () => page.now(),
      random: () => page.random(),
      after: (ms, run) => page.after(ms, run),
      everyBeat: (run) =>
        page.everyBeat(() => {
          this.call?.beat();
          run();
        }),
      grant: (fresh) => this.access.grant(fresh),
      signIn: () => ({
        tab: this.access.identity()?.tab ?? page.newId(),
        cursors: cursors(this.current),
        epoch: this.current.epoch,
      }),
      frame: (frame) => this.batch(() => this.received(frame)),
      link: (link) => this.batch(() => this.linkChanged(link)),
    });
    this.signing = signing(page.subtle);
    this.proofs = new Proofs({
      tab: page.tab,
      send: (frame) => this.socket.send(frame),
      beats: () => this.socket.beats,
    });
    this.speech = new Speech({
      listen: (track, heard) => page.listen(track, heard),
      serverUs: () => this.clock().serverUs,
      send: (frame) => this.socket.send(frame),
    });
    this.chat = new ChatOf({
      access: this.access,
      storage: page.browser,
      state: () => this.current,
      set: (state) => this.set(state),
      batch: (work) => this.batch(work),
      send: (frame) => this.socket.send(frame),
      isOnline: () => this.socket.isOnline,
      now: () => page.now(),
      nowUs: () => this.nowUs(),
      random: () => page.random(),
      newId: () => page.newId(),
      after: (ms, run) => page.after(ms, run),
    });
    this.devices = new Devices({
      media: page.media,
      tab: page.tab,
      browser: page.browser,
      changed: (media) => this.set({ ...this.current, media }),
      track: (kind, track) => {
        for (const call of [this.prepared, this.call]) {
          call?.setTrack(kind, track);
          call?.mediaChanged();
        }
        if (kind === "audio") this.watchLevel();
      },
    });
    this.current = { ...START, hasNetwork: page.hasNetwork() };
    page.onNetwork(() => {
      this.set({ ...this.current, hasNetwork: page.hasNetwork() });
      if (!page.hasNetwork()) this.socket.noNetwork();
    });
    page.onReturn(() => this.nudge());
    page.onLeave(() => this.call?.sayGoodbye());
    page.onAddress(() => this.current.phase === "refused" && void this.begin());
  }

  async begin(): Promise<void> {
    void this.learnAbout();
    const { pathname, hash } = this.page.location;
    const identity = this.access.identity();
    if (pathname === "/open" && hash.length > 1) {
      await this.comeIn(hash.slice(1), ({ person, mentorship = null }) => {
        this.page.goTo(mentorship ? `/m/${mentorship}` : "/");
        this.signedIn(person, mentorship);
      });
    } else if (identity) {
      this.signedIn(identity.person, null);
      this.socket.start();
    } else {
      this.set({ ...this.current, phase: "signed_out" });
    }
  }

  // ---- state -----------------------------------------------------------------------------------

  get state(): State {
    return this.current;
  }

  subscribe(listener: (state: State) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  nowUs(): number {
    const offset = this.socket.clock.offsetUs();
    return offset === null ? this.page.epochMs() * 1000 : this.page.now() * 1000 + offset;
  }

  private clock(): Clock {
    const offset = this.socket.clock.offsetUs();
    const localUs = Math.round(this.page.now() * 1000);
    return { serverUs: offset === null ? null : localUs + offset, localUs };
  }

  private set(state: State): void {
    if (state === this.current) return;
    this.current = state;
    this.changed = true;
    if (this.batches === 0) this.tell();
  }

  /** Listeners hear of all that `work` changes at once. */
  private batch(work: () => void): void {
    this.batches += 1;
    try {
      work();
    } finally {
      this.batches -= 1;
      if (this.batches === 0) this.tell();
    }
  }

  private tell(): void {
    if (!this.changed) return;
    this.changed = false;
    for (const listener of [...this.listeners]) listener(this.current);
  }

  // ---- who -------------------------------------------------------------------------------------

  private async learnAbout(): Promise<void> {
    try {
      const about = await this.access.request<About>("GET", "/v1/about");
      this.set({ ...this.current, canStart: about.start });
    } catch {
      // Then nobody is offered to begin here; opening a link says what is wrong.
    }
  }

  /** Signs in with the invitation of a link. A fragment in the address stays there until it has
   * worked, so that a reload tries again too. */
  private comeIn(invitation: string, arrived: (grant: Grant) => void): Promise<void> {
    return this.arrival.open(invitation, (grant) => {
      arrived(grant);
      this.socket.start();
    });
  }

  private signedIn(me: PersonView, arrivedAt: string | null): void {
    this.chat.belongTo(me.id);
    this.set(reduce.signedIn(this.current, me, arrivedAt));
  }

  signOut(): void {
    this.batch(() => {
      this.call?.leave();
      this.unprepare();
      this.socket.stop();
      this.access.forget();
      this.proofs.forget();
      this.sessions.forget();
      this.arrange.forget();
      this.chat.belongTo(null);
      const { canStart, hasNetwork, media } = this.current;
      this.set({ ...START, phase: "signed_out", canStart, hasNetwork, media });
    });
  }

  async startMentorship(form: NewMentorship): Promise<MentorshipCreated> {
    const text = JSON.stringify(form);
    if (this.form?.text !== text) this.form = { text, key: this.page.newId() };
    const created = await byPress(this.start(form, this.form.key));
    this.form = null;
    return created;
  }

  /** In one's own name, where one has one. */
  private async start(body: NewMentorship, key: string): Promise<MentorshipCreated> {
    const grant = this.access.identity() ? await this.access.grant() : undefined;
    const how = { body, key, ...(grant && { grant }) };
    return this.access.request<MentorshipCreated>("POST", "/v1/mentorships", how);
  }

  async replaceLink(): Promise<string> {
    // All that the old links opened ends, this page's socket too: it must not hear of that as of an
    // end of its own, before it goes on with the new link.
    this.socket.stop();
    let url: string;
    try {
      ({ url } = await this.access.call<NewLink>("POST", "/v1/me/link"));
    } catch (error) {
      this.socket.start();
      throw pressedForLink(error);
    }
    await this.comeIn(new URL(url).hash.slice(1), () => undefined);
    return url;
  }

  reconnectNow(): void {
    if (this.current.link.is === "stopped") this.socket.start();
    else this.nudge();
  }

  private nudge(): void {
    this.arrival.nudge();
    this.socket.nudge();
  }

  private linkChanged(link: Link): void {
    this.set({ ...this.current, link });
    if (link.is === "online") return;
    this.call?.offline();
    this.proofs.notTaken();
    this.chat.offline();
    if (link.is !== "stopped") return;
    const { code } = link.trouble;
    this.call?.cutOff(code === "revoked" ? "revoked" : "replaced");
    if (this.current.phase === "starting") {
      this.set({ ...this.current, phase: "refused", trouble: link.trouble });
    }
  }

  // ---- frames ----------------------------------------------------------------------------------

  private received(frame: ServerFrame): void {
    this.chat.apply(reduce.onFrame(this.current, frame));
    if ("ice_servers" in frame) this.iceServers = frame.ice_servers;
    switch (frame.t) {
      case "auth.opened":
        if (!this.call?.isActive) this.proofs.handIn();
        this.call?.online();
        break;
      case "beat.ack":
        this.setClock();
        this.proofs.acknowledged(frame.n);
        break;
      case "error":
        if (frame.about === "room.contact") this.proofs.notTaken();
        break;
      default:
        break;
    }
    this.chat.handle(frame);
    this.call?.handle(frame);
    this.reflect.handle(frame);
    this.sessions.handle(frame);
    this.arrange.handle(frame);
  }

  private setClock(): void {
    const clockOffsetUs = Math.round(this.nowUs() - this.page.epochMs() * 1000);
    if (Math.abs(clockOffsetUs - this.current.clockOffsetUs) > CLOCK_NEWS_US) {
      this.set({ ...this.current, clockOffsetUs });
    }
  }

  // ---- sessions --------------------------------------------------------------------------------

  loadSessions(mentorship: string): Promise<void> {
    return this.sessions.load(mentorship);
  }

  loadAccount(session: string): Promise<SessionAccount> {
    return this.sessions.account(session);
  }

  extendSession(session: string): Promise<void> {
    return this.sessions.extend(session);
  }

  // ---- the call --------------------------------------------------------------------------------

  async prepare(mentorship: string): Promise<void> {
    const found = this.current.mentorships.find(({ id }) => id === mentorship);
    if (!found) throw refused("not_found");
    if (this.call?.isActive) {
      if (this.current.call?.mentorship === mentorship) return;
      this.call.leave();
    }
    if (this.prepared?.mentorship !== mentorship) {
      this.prepared?.dispose();
      const other = found.members.find(({ person }) => person.id !== this.current.me?.id);
      const call: Call = new Call({
        mentorship,
        room: found.room,
        other: other?.person.id ?? "",
        send: (frame) => this.socket.send(frame),
        iceServers: () => this.iceServers,
        isOnline: () => this.socket.isOnline,
        nowUs: () => this.nowUs(),
        after: (ms, run) => this.page.after(ms, run),
        newId: () => this.page.newId(),
        clock: () => this.clock(),
        signing: this.signing,
        proofs: this.proofs,
        speech: this.speech,
        tracks: () => this.devices.current(),
        changed: () => this.callChanged(),
      });
      this.prepared = call;
    }
    const { me } = this.current;
    const elsewhere = me && found.session && inRoom(found.session).includes(me.id);
    if (elsewhere && !this.call?.isActive) await this.devices.takeOver(me.id);
    await Promise.all([this.devices.start(), this.prepared.ready]);
  }

  unprepare(): void {
    this.prepared?.dispose();
    this.prepared = null;
    this.watchLevel();
    if (!this.call?.isActive) this.devices.stop();
  }

  join(): void {
    if (!this.prepared) return;
    const call = this.prepared;
    // First of all the frame: everything else can wait for the network.
    call.join();
    this.prepared = null;
    this.call = call;
    this.devices.keepFor(this.current.me?.id ?? null);
    const mentorship = this.current.mentorships.find(({ id }) => id === call.mentorship);
    this.batch(() => {
      this.set({ ...this.current, call: { ...call.state(), session: mentorship?.session ?? null } });
      this.watchLevel();
      // What was said is there when it is looked at, whatever the network does by then.
      if (mentorship) this.chat.open(mentorship.conversation);
    });
  }

  leave(): void {
    this.call?.leave();
  }

  endSession(session: string): Promise<void> {
    this.call?.handIn();
    return this.sessions.end(session);
  }

  closeCall(): void {
    if (!this.call?.isActive) this.set({ ...this.current, call: null });
  }

  inCall(): string | null {
    return this.page.tab.getItem(IN_CALL);
  }

  keepInCall(mentorship: string | null): void {
    if (mentorship === null) this.page.tab.removeItem(IN_CALL);
    else this.page.tab.setItem(IN_CALL, mentorship);
  }

  async setMicrophone(on: boolean): Promise<void> {
    await this.devices.want("microphone", on);
  }

  async setCamera(on: boolean): Promise<void> {
    await this.devices.want("camera", on);
  }

  async chooseDevice(kind: "microphone" | "camera" | "speakers", id: string): Promise<void> {
    await this.devices.choose(kind, id);
  }

  async retryDevices(): Promise<void> {
    await this.devices.retry();
  }

  private callChanged(): void {
    const { call } = this;
    if (!call || !this.current.call) return;
    const { session } = this.current.call;
    this.set({ ...this.current, call: { ...call.state(), session } });
    if (call.phase !== "left") return;
    if (call.state().ended === "replaced") this.devices.handOver();
    else this.devices.keepFor(null);
    if (!this.prepared) this.devices.stop();
  }

  /** The meter runs on the pre-join page only: in a call its work is for nobody. */
  private watchLevel(): void {
    this.stopMeter?.();
    this.stopMeter = null;
    const track = this.devices.current().audio;
    this.speech.use(track);
    if (track && this.prepared) {
      this.stopMeter = meter(track, (level) => this.devices.setLevel(level));
    }
  }
}
