/* Generated from protocol/ by docs/generate.py: change it there.
 * schema 351636c3b102f751e706d57fb0bf811f
 * text   810c7ab43bee482884506f67274438b9
 */
export type ClientFrame =
  | AuthOpen
  | Beat
  | ChatSend
  | ChatEdit
  | ChatDelete
  | ChatReact
  | ChatPin
  | ChatTyping
  | ChatFetch
  | ChatDelivered
  | ChatRead
  | RoomJoin
  | RoomLeave
  | RoomEnd
  | RoomMedia
  | RoomPath
  | RoomContact
  | RoomVoice
  | PeerOffer
  | PeerAnswer
  | PeerCandidate;
export type ServerFrame =
  | AuthOpened
  | BeatAck
  | ErrorFrame
  | ChatAccepted
  | ChatDone
  | ChatMessages
  | ChatGap
  | ChatTouched
  | ChatTyped
  | ChatReceipt
  | RoomJoined
  | RoomPeerJoined
  | RoomPeerLeft
  | RoomPeerMedia
  | RoomLeft
  | SessionChanged
  | ReflectionChanged
  | PresenceChanged
  | MentorshipAdded
  | MentorshipChanged
  | PeerOffer
  | PeerAnswer
  | PeerCandidate;

/**
 * Signs this connection in. `tab` names the page for its life, reloads included: a newer
 * connection of the same tab replaces the older one. `cursors` gives, per conversation, what the
 * client holds: delivery goes on from there. `epoch` is that of the snapshot with which it came to
 * hold that: of another one, all it holds counts as `chat.gap`; without it, as that of a server
 * that was never restored.
 */
export interface AuthOpen {
  t: "auth.open";
  grant: string;
  tab: string;
  cursors?: {
    [k: string]: Cursor;
  };
  epoch?: number | null;
}
/**
 * What a client holds of a conversation: all messages up to `seq` without a gap, each at least
 * as it was at `revision`.
 */
export interface Cursor {
  seq: number;
  revision: number;
}
/**
 * A sign of life from the page itself, every 2 s from a Worker's timer.
 */
export interface Beat {
  t: "beat";
  n: number;
}
/**
 * Asks for a message to be stored, as an answer to the one at `reply_to`, if given. Sending it
 * again with the same `id` changes nothing and is accepted with the same seq; the same `id` with
 * another body or `reply_to` is refused with `conflict`.
 */
export interface ChatSend {
  t: "chat.send";
  conversation: string;
  id: string;
  body: string;
  reply_to?: number | null;
}
/**
 * Changes the text of a message of one's own, at any time; how it read before is kept, for both
 * to see. `id` names the change: the same again changes nothing, with another `seq` or `body` it
 * is refused with `conflict`. Answered by `chat.done`.
 */
export interface ChatEdit {
  t: "chat.edit";
  conversation: string;
  id: string;
  seq: number;
  body: string;
}
/**
 * Deletes a message of one's own for both, with all that it ever read. It keeps its place.
 * Again changes nothing. Answered by `chat.done`.
 */
export interface ChatDelete {
  t: "chat.delete";
  conversation: string;
  id: string;
  seq: number;
}
/**
 * Sets or takes back one's reaction to a message: at most one of each emoji. Setting what is
 * set changes nothing, and so does the same id again, whatever has happened since; of another
 * change it is refused with `conflict`. Answered by `chat.done`.
 */
export interface ChatReact {
  t: "chat.react";
  conversation: string;
  id: string;
  seq: number;
  emoji: "✅" | "❤️" | "🎉" | "👍" | "👏" | "💡" | "🔥" | "😂" | "😢" | "😮" | "🙏" | "🤔";
  on: boolean;
}
/**
 * Pins a message for both, or takes the pin off; at most 50 are pinned. Setting what is set
 * changes nothing, and so does the same id again, as of `chat.react`. Answered by
 * `chat.done`.
 */
export interface ChatPin {
  t: "chat.pin";
  conversation: string;
  id: string;
  seq: number;
  on: boolean;
}
/**
 * Says that one types, again every 4 s, or that one has stopped. Not answered, not kept; what
 * is said too often is passed over.
 */
export interface ChatTyping {
  t: "chat.typing";
  conversation: string;
  typing: boolean;
}
/**
 * Asks for a page: at most `limit` messages before `before` (exclusive), or after `after`, or
 * around `around` (half of them before it), or around the message of the earliest time at or after
 * `at_us`, of several the first: where the server's clock was set back, times do not grow with the
 * log. None of these: the newest; more than one is refused with `invalid_field`. A page of
 * long messages may hold fewer.
 */
export interface ChatFetch {
  t: "chat.fetch";
  conversation: string;
  before?: number | null;
  after?: number | null;
  around?: number | null;
  at_us?: number | null;
  limit?: number;
}
/**
 * Says that the sender's messages up to `seq` have reached this page, or can be read from it:
 * the older ones of a long absence it loads as they are looked at. Never moves backwards.
 */
export interface ChatDelivered {
  t: "chat.delivered";
  conversation: string;
  seq: number;
}
/**
 * Says that everything up to `seq` has been seen, and so was delivered. Never moves
 * backwards.
 */
export interface ChatRead {
  t: "chat.read";
  conversation: string;
  seq: number;
}
/**
 * Joins the call. `offer`, if given, goes at once to who is already there, ahead of
 * `room.peer_joined`: it saves a round trip and the wait for the record. Joining again with the
 * same `peer` after a new socket continues the call; for 2.5 s nobody is told of a socket that the
 * same tab's newer one replaced. `key` is the public part of what this page signs contact with:
 * time without such a signature is `unknown`. A person may join 30 times at once and once every
 * 2 s: beyond that it is `rate_limited`, and they stay in or out as they were.
 */
export interface RoomJoin {
  t: "room.join";
  room: string;
  peer: string;
  audio: boolean;
  video: boolean;
  offer?: string | null;
  key?: string | null;
}
/**
 * Leaves the call; answered by `room.left`.
 */
export interface RoomLeave {
  t: "room.leave";
  room: string;
}
/**
 * Ends the session for both.
 */
export interface RoomEnd {
  t: "room.end";
  room: string;
}
/**
 * What the sender's microphone and camera let others hear and see.
 */
export interface RoomMedia {
  t: "room.media";
  room: string;
  audio: boolean;
  video: boolean;
}
/**
 * Whether sound and picture travel between the sender's page and the other's, as it sees it.
 */
export interface RoomPath {
  t: "room.path";
  room: string;
  up: boolean;
}
/**
 * Hands in what the other's page signed, every 4 s and before leaving; of each stretch the
 * newest signature. What was signed while the server was out of reach is handed in on return.
 * Signatures that do not check, or of keys that are not of this session, are passed over.
 */
export interface RoomContact {
  t: "room.contact";
  room: string;
  session: string;
  /**
   * @maxItems 32
   */
  contacts: Contact[];
}
/**
 * The page with `signer_key` signed that it heard `beats` beats of the page with `about_key`,
 * without a gap from `from_us` to `to_us`, by the server's clock.
 */
export interface Contact {
  about_key: string;
  signer_key: string;
  from_us: number;
  to_us: number;
  beats: number;
  signature: string;
}
/**
 * In which half-seconds the sender's microphone heard speech, every 10 s and before leaving;
 * `from_us` is where the first begins, on the server's clock, and `slots` follow each other. Muted
 * is silent. What is doubled, too old or not over yet is passed over; what is lost stays unknown.
 */
export interface RoomVoice {
  t: "room.voice";
  room: string;
  from_us: number;
  slots: string;
}
/**
 * An SDP offer. From the client: `peer` is whom it is for. From the server: whom it is from.
 */
export interface PeerOffer {
  t: "peer.offer";
  room: string;
  peer: string;
  sdp: string;
}
/**
 * An SDP answer. From the client: `peer` is whom it is for. From the server: whom from.
 */
export interface PeerAnswer {
  t: "peer.answer";
  room: string;
  peer: string;
  sdp: string;
}
/**
 * A trickled ICE candidate (RFC 8840); an empty `candidate` says there are no more. `peer` as
 * in `peer.offer`.
 */
export interface PeerCandidate {
  t: "peer.candidate";
  room: string;
  peer: string;
  candidate: string;
  sdp_mid?: string | null;
  sdp_m_line_index?: number | null;
  username_fragment?: string | null;
}
/**
 * The connection is signed in; `mentorships` is the snapshot that later frames change.
 * `ice_servers` are for the connection that a page prepares before it joins. `epoch` is another
 * number once the site was put back to what a backup held: say it with the cursors.
 */
export interface AuthOpened {
  t: "auth.opened";
  connection: string;
  person: string;
  now_us: number;
  beat_interval_us: number;
  ice_servers: IceServer[];
  mentorships: MentorshipView[];
  epoch: number;
}
/**
 * RTCIceServer (W3C webrtc-pc, 4.2.4).
 */
export interface IceServer {
  urls: string[];
  username?: string | null;
  credential?: string | null;
}
/**
 * A mentorship as one of its members sees it; `read` and `unread` are that member's own, and
 * deleted messages are not counted. `last` is the newest message that is not deleted, with at most
 * the first line of its body. `revision` counts the changes of the conversation, `marks` are how
 * far each member has got (who is missing: 0; of the other as it stood when one of them left, or
 * they blocked), `pinned` the pinned messages, newest pin first. `agreement` is in force,
 * `proposal` waits for an answer or was declined, `meeting` is the current or the next one.
 * `closed_by` left it at `closed_us`: nothing new begins. `blocked_by_me`:
 * neither reaches the other until I lift that.
 */
export interface MentorshipView {
  id: string;
  conversation: string;
  room: string;
  created_us: number;
  members: Member[];
  head: number;
  revision: number;
  read: number;
  unread: number;
  marks?: Mark[];
  pinned?: number[];
  last?: Message | null;
  session?: SessionView | null;
  agreement?: AgreementView | null;
  proposal?: AgreementView | null;
  meeting?: MeetingView | null;
  closed_us?: number | null;
  closed_by?: string | null;
  blocked_by_me?: boolean;
}
/**
 * A person in a mentorship. `seen_us`: of somebody who is away, when they were last here, as
 * far as both show that. Once one of them has left, the other is told of neither: `away`.
 */
export interface Member {
  person: PersonView;
  role: "mentee" | "mentor";
  presence: "away" | "here" | "in_room";
  seen_us?: number | null;
}
/**
 * Someone, as the other side of a mentorship sees them. `zone` is an IANA name.
 */
export interface PersonView {
  id: string;
  name: string;
  zone: string;
}
/**
 * How far a member has got: some page of theirs holds everything up to `delivered`, and they
 * have seen everything up to `read`.
 */
export interface Mark {
  person: string;
  delivered: number;
  read: number;
}
/**
 * A message as it is now: `seq` is its place, `id` what its author's client called it,
 * `revision` when it was last touched. Of two views of a message the one of the greater revision
 * is the newer. Of a deleted one (`deleted_us`) the body is empty, reactions and pin are gone.
 * What is unset is left out.
 */
export interface Message {
  seq: number;
  id: string;
  person: string;
  body: string;
  at_us: number;
  revision: number;
  reply_to?: number | null;
  edited_us?: number | null;
  deleted_us?: number | null;
  pinned_us?: number | null;
  pinned_by?: string | null;
  reactions?: Reaction[];
}
/**
 * Who reacted to a message with `emoji`, in the order in which they did.
 */
export interface Reaction {
  emoji: "✅" | "❤️" | "🎉" | "👍" | "👏" | "💡" | "🔥" | "😂" | "😢" | "😮" | "🙏" | "🤔";
  persons: string[];
}
/**
 * What happened in one session. All sums are as of `as_of_us`; while `together_since_us` is set
 * the time together grows with the clock. `estimated`: some end was not said but inferred from the
 * last proof of life. `ended_by`: who ended it for both. `interruptions` are the latest 100 gaps
 * at most, `unwatched` the latest 100 stretches in which the server could put nobody on record as
 * coming. `version` grows with each change on record: of two views the one of the greater version
 * is the newer, whatever their times say; of one version, the one of the later `as_of_us`.
 */
export interface SessionView {
  id: string;
  mentorship: string;
  room: string;
  version: number;
  state: "ended" | "open" | "waiting";
  created_us: number;
  started_us?: number | null;
  ended_us?: number | null;
  end_reason?: ("empty" | "ended" | "nobody" | "unwatched" | "window") | null;
  ended_by?: string | null;
  as_of_us: number;
  together_us: number;
  together_since_us?: number | null;
  people: PersonTime[];
  interruptions: Interruption[];
  unwatched?: [number, number][];
  estimated: boolean;
  settlement?: Settlement | null;
}
/**
 * One person's time in a session. `since_us` is set while they are in the room: their time
 * grows from `present_us` by (now - `since_us`). `present_us` is what is proven;
 * `present_most_us` adds the time between a last proof and the moment its end was noticed.
 */
export interface PersonTime {
  person: string;
  present_us: number;
  present_most_us: number;
  since_us?: number | null;
}
/**
 * A stretch between the first and the last moment together in which they were not together;
 * `absent` says who was missing.
 */
export interface Interruption {
  from_us: number;
  to_us: number;
  absent: string[];
}
/**
 * What an ended session came to. `facts` is how many facts are on record, what was said of it
 * included, `head` the hash of the last, `signature` (Ed25519) the server's over both, by its key
 * `kid`: whoever keeps them can show later that nothing up to there was changed or taken away.
 * `confirmed_by` and `contested_by` speak of this revision. `said_us`: when somebody last
 * contested or corrected it.
 */
export interface Settlement {
  state: "confirmed" | "contested" | "settled";
  revision: number;
  facts: number;
  head: string;
  kid: string;
  signature: string;
  bill: Bill;
  confirmed_by: string[];
  contested_by: string[];
  at_us: number;
  said_us?: number | null;
}
/**
 * The computation, step by step. `window_from_us` and `window_to_us` bound what can count;
 * `counted_us` is the time together that does, `bridged_us` the short gaps added, `billed_us` what
 * that is after minimum, rounding and cap. `unknown_us` could count but is not proven: it is never
 * in `billed_us` where only proven contact counts. `impaired_us` is what no short gap filled.
 * `make_up_us` is owed to the mentee as time. `net_minor` + `tax_minor` is what the mentee pays;
 * `fee_minor` of the net is the site's. `uncorrected_us`: what would be billed without the
 * correction, if there is one.
 */
export interface Bill {
  terms: number;
  window_from_us: number | null;
  window_to_us: number | null;
  counted_us: number;
  bridged_us: number;
  unknown_us: number;
  impaired_us: number;
  billed_us: number;
  make_up_us: number;
  owed: "correction" | "no_show" | "nothing" | "time";
  currency: string | null;
  net_minor: number;
  fee_minor: number;
  tax_minor: number;
  mentor: Side;
  mentee: Side;
  uncorrected_us?: number | null;
}
/**
 * One of the two in a session: `wait_us` alone in the room within the window, `late_us` from
 * the start of the meeting until they came, without the time that the server was away, and whether
 * they did not come.
 */
export interface Side {
  person: string;
  wait_us: number;
  late_us: number;
  no_show: "no" | "unknown" | "yes";
}
/**
 * One version of what a pair agreed on. In force from `valid_from_us` on, once both accepted:
 * `accepted_us` is when the second did. Until then `valid_from_us` is what was asked for, None: as
 * soon as both accepted. `answered_by`, `answered_us`: by whose doing it is not open any more, and
 * when.
 */
export interface AgreementView {
  mentorship: string;
  version: number;
  terms: Terms;
  state: "accepted" | "declined" | "open" | "superseded" | "withdrawn";
  proposed_by: string;
  proposed_us: number;
  accepted_by: string[];
  accepted_us?: number | null;
  valid_from_us?: number | null;
  answered_by?: string | null;
  answered_us?: number | null;
}
/**
 * Which time counts and what it costs. Free as it stands.
 *
 * Time together that `counts`: with a meeting only in its window, from `early_us` before its
 * start to its end, or, once the mentee said to go on, at most `overrun_us` longer. Gaps in it of
 * at most `grace_us` count too. What that comes to is at least `minimum_us` if there is any, then
 * rounded once to a multiple of `unit_us`, then at most `cap_us`. `late_counts`: the mentor's wait
 * for a late mentee counts as time together.
 *
 * A mentee who did not come while the mentor waited `no_show_after_us` of the booked time owes
 * `no_show_share` of it, not rounded and at most `cap_us`: if they set its time themselves, or it
 * was set at least `no_show_notice_us` before; only then `late_counts` too. `make_up`: time
 * impaired by the network and not billed, and a late mentor's, is owed to a mentee who came as
 * minutes. `fee_share` of the net is the site's, `tax_share` is added.
 */
export interface Terms {
  currency?: string | null;
  rate_minor?: number;
  counts?: "contact" | "room";
  grace_us?: number;
  early_us?: number;
  overrun_us?: number;
  cap_us?: number | null;
  minimum_us?: number;
  unit_us?: number;
  rounding?: "down" | "nearest" | "up";
  late_counts?: boolean;
  no_show_after_us?: number;
  no_show_share?: number;
  no_show_notice_us?: number;
  make_up?: boolean;
  fee_share?: number;
  tax_share?: number;
}
/**
 * A planned talk: `zone` is whose wall clock it was planned by (IANA name), `by` who planned
 * it. `told_us`, `told_by`: when its time was last set, or it was cancelled, and by whom.
 */
export interface MeetingView {
  id: string;
  mentorship: string;
  start_us: number;
  length_us: number;
  zone: string;
  by: string;
  told_us: number;
  told_by: string;
  state: "cancelled" | "planned";
}
/**
 * Answers a beat with its `n` and the server's clock.
 */
export interface BeatAck {
  t: "beat.ack";
  n: number;
  now_us: number;
}
/**
 * A refusal. `code` is in docs/errors.md; `about` is the tag of the refused frame, when it can
 * be read, and `ref` the client id in it, when it had one.
 */
export interface ErrorFrame {
  t: "error";
  code: string;
  message: string;
  about?: string | null;
  ref?: string | null;
  retry_after_us?: number | null;
}
/**
 * The message is on disk, at `seq`; `revision` is of the message as it is now, which is not as
 * it was sent if that was before, and it was edited meanwhile.
 */
export interface ChatAccepted {
  t: "chat.accepted";
  conversation: string;
  id: string;
  seq: number;
  at_us: number;
  revision: number;
}
/**
 * The edit, deletion, reaction or pin called `id` is on disk; `revision` is of the message as
 * it is now.
 */
export interface ChatDone {
  t: "chat.done";
  conversation: string;
  id: string;
  seq: number;
  revision: number;
}
/**
 * Contiguous messages, oldest first: live, caught up after an absence, or a page asked for.
 * `head` and `revision` are the conversation's, as these were read.
 */
export interface ChatMessages {
  t: "chat.messages";
  conversation: string;
  head: number;
  revision: number;
  messages: Message[];
}
/**
 * What the page says that it holds is of another `epoch`, or beyond `head`, the conversation's
 * newest seq, or beyond its revision: the database was put back to an earlier copy, and what was
 * said since that one is gone. The page forgets what it has of the conversation, asks anew, and
 * tells the person so. No absence, however long, is a gap.
 */
export interface ChatGap {
  t: "chat.gap";
  conversation: string;
  head: number;
}
/**
 * Messages that were edited, deleted, reacted to or pinned, whole, as they are now, in order of
 * their revision. Once they are applied, every message that came before is as of `revision` at
 * least; so after an absence it may come without messages. One that is not held may be passed
 * over: a page that is fetched later has it as it is then.
 */
export interface ChatTouched {
  t: "chat.touched";
  conversation: string;
  revision: number;
  messages: Message[];
}
/**
 * Another member types, or has stopped; what is not said again within 6 s has lapsed.
 */
export interface ChatTyped {
  t: "chat.typed";
  conversation: string;
  person: string;
  typing: boolean;
}
/**
 * How far a member has got.
 */
export interface ChatReceipt {
  t: "chat.receipt";
  conversation: string;
  person: string;
  delivered: number;
  read: number;
}
/**
 * You are in the room, and that is on record. `peers` were there before you: towards them you
 * are the impolite side (W3C webrtc-pc, perfect negotiation), towards later ones the polite.
 */
export interface RoomJoined {
  t: "room.joined";
  room: string;
  peer: string;
  peers: Peer[];
  ice_servers: IceServer[];
  session: SessionView;
}
/**
 * One page that takes part in a call. `id` is chosen by the page when it joins and survives a
 * new socket, so that a call goes on when only the signalling broke. `audio` and `video` say what
 * the others can hear and see of it. `key` is what it signs contact with.
 */
export interface Peer {
  id: string;
  person: string;
  audio: boolean;
  video: boolean;
  key?: string | null;
}
/**
 * Another peer came, or came back with a new socket and the same id.
 */
export interface RoomPeerJoined {
  t: "room.peer_joined";
  room: string;
  peer: Peer;
}
/**
 * A peer is gone from the room; after `lost` its media may still flow, and it may return.
 */
export interface RoomPeerLeft {
  t: "room.peer_left";
  room: string;
  peer: string;
  person: string;
  reason: "ended" | "left" | "lost" | "replaced" | "restart" | "revoked";
}
/**
 * What another peer now lets others hear and see.
 */
export interface RoomPeerMedia {
  t: "room.peer_media";
  room: string;
  peer: string;
  audio: boolean;
  video: boolean;
}
/**
 * You are out of the room: you left, a newer tab of yours took over, or the session ended.
 */
export interface RoomLeft {
  t: "room.left";
  room: string;
  reason: "ended" | "left" | "lost" | "replaced" | "restart" | "revoked";
  session?: SessionView | null;
}
/**
 * A session began, ended, or its time together started or stopped running.
 */
export interface SessionChanged {
  t: "session.changed";
  session: SessionView;
}
/**
 * What was said after a session reached you or the other, or you are asked how it was: look at
 * `/v1/sessions/{session}/reflection` and `/v1/mentorships/{mentorship}/next` again.
 */
export interface ReflectionChanged {
  t: "reflection.changed";
  mentorship: string;
  session: string;
}
/**
 * Someone in one of your mentorships came or went, or what you may know of that has changed;
 * `seen_us` as of a member.
 */
export interface PresenceChanged {
  t: "presence.changed";
  mentorship: string;
  person: string;
  presence: "away" | "here" | "in_room";
  seen_us?: number | null;
}
/**
 * You are in a new mentorship.
 */
export interface MentorshipAdded {
  t: "mentorship.added";
  mentorship: MentorshipView;
}
/**
 * What the two agreed on or planned has changed, or one of them left, or blocks the other, or
 * goes by another time zone: `agreement`, `proposal`, `meeting`, `closed_us`, `closed_by`,
 * `blocked_by_me` and each member's `person` of the view are news. The rest travels in frames of
 * its own, and may be newer there.
 */
export interface MentorshipChanged {
  t: "mentorship.changed";
  mentorship: MentorshipView;
}
/**
 * The invitation from a link's fragment.
 */
export interface ExchangeInvitation {
  invitation: string;
}
/**
 * The renewal handle that came with a grant. `mentorship` narrows the new grant to one: it can
 * be handed on to a page that is to reach no more than that, and cannot be renewed.
 */
export interface RenewGrant {
  renewal: string;
  mentorship?: string | null;
}
/**
 * A signed token (`Authorization: Bearer`, or the first frame), good until `expires_us`, and
 * the handle that buys the next one; a narrowed grant has none. `mentorship` is where the
 * invitation leads, if anywhere.
 */
export interface Grant {
  grant: string;
  expires_us: number;
  now_us: number;
  renewal: string | null;
  person: PersonView;
  mentorship?: string | null;
}
/**
 * Someone to invite: `zone` is an IANA name such as `Europe/Vienna`; `email` may be empty.
 */
export interface NewPerson {
  name: string;
  zone: string;
  email?: string;
}
/**
 * Two people to bring together. Leave out yourself (`i_am`) when signed in as one of them. With
 * `link_days` the links stop working after so many days.
 */
export interface NewMentorship {
  mentor?: NewPerson | null;
  mentee?: NewPerson | null;
  i_am?: ("mentee" | "mentor") | null;
  link_days?: number | null;
}
/**
 * A person's way in. The part after `#` is a secret and never reaches a server's log.
 */
export interface InvitationLink {
  person: PersonView;
  role: "mentee" | "mentor";
  url: string;
}
/**
 * The new mentorship and a link for each person that was created with it.
 */
export interface MentorshipCreated {
  mentorship: string;
  links: InvitationLink[];
}
/**
 * Who the grant speaks for, and what they are part of. `seen_hidden`: nobody is told when they
 * were last here, nor are they of others.
 */
export interface Me {
  person: PersonView;
  now_us: number;
  mentorships: MentorshipView[];
  seen_hidden?: boolean;
}
/**
 * Whether nobody is told when one was last here; who hides that is not told of others either.
 * Whether one is here shows all the same.
 */
export interface SeenSetting {
  hidden: boolean;
}
/**
 * By which clock one reads times, and is told of to others: an IANA name. Who is not told where
 * one is goes on with the zone that one began with.
 */
export interface ZoneSetting {
  zone: string;
}
/**
 * A fresh link for oneself; all earlier ones have stopped working, and so has everything that
 * was opened with them.
 */
export interface NewLink {
  url: string;
}
/**
 * As `chat.send`: the same `id` again changes nothing, with another body or `reply_to` it is a
 * `conflict`.
 */
export interface SendMessage {
  id: string;
  body: string;
  reply_to?: number | null;
}
/**
 * As `chat.edit`: `id` names the change; the same again changes nothing, with another message
 * or body it is a `conflict`.
 */
export interface EditMessage {
  id: string;
  body: string;
}
/**
 * As `chat.delete`. `id` is only answered with.
 */
export interface DeleteMessage {
  id: string;
}
/**
 * As `chat.react`: the same `id` again changes nothing, with another wish it is a
 * `conflict`.
 */
export interface ReactToMessage {
  id: string;
  emoji: "✅" | "❤️" | "🎉" | "👍" | "👏" | "💡" | "🔥" | "😂" | "😢" | "😮" | "🙏" | "🤔";
  on: boolean;
}
/**
 * As `chat.pin`: the same `id` again changes nothing, with another wish it is a
 * `conflict`.
 */
export interface PinMessage {
  id: string;
  on: boolean;
}
/**
 * The message is on disk; `revision` is of the message as it is now.
 */
export interface MessageAccepted {
  id: string;
  seq: number;
  at_us: number;
  revision: number;
}
/**
 * At most `limit` messages before `before`, or after `after`, or around `around`, or around
 * the message of the earliest time at or after `at_us`, of several the first; none of these: the
 * newest. A page of long messages may hold fewer.
 */
export interface PageQuery {
  before?: number | null;
  after?: number | null;
  around?: number | null;
  at_us?: number | null;
  limit?: number;
}
/**
 * Contiguous messages, oldest first; `head` and `revision` are the conversation's.
 */
export interface MessagePage {
  conversation: string;
  head: number;
  revision: number;
  messages: Message[];
}
/**
 * Whether the other is blocked: then neither reaches the other, and the other is not told
 * whether one is there.
 */
export interface Block {
  on: boolean;
}
/**
 * What the operator should know of the other: up to 2,000 characters of `words`, and up to 50
 * messages by their `seqs`, of which copies are kept whatever becomes of them. `also`: leave the
 * mentorship, block the other. The other is told nothing of it.
 */
export interface NewReport {
  reason: "harassment" | "impersonation" | "money" | "other" | "self_harm" | "sexual" | "threat";
  words?: string;
  /**
   * @maxItems 50
   */
  seqs?: number[];
  /**
   * @maxItems 2
   */
  also?: [] | ["block" | "leave"] | ["block" | "leave", "block" | "leave"];
}
/**
 * It is on disk, for the operator to read.
 */
export interface Reported {
  report: string;
}
/**
 * At most `limit` messages that have all of `words`, in any order: up to 200 characters and 32
 * words. Case and accents make no difference; the last word may be just the beginning of one.
 */
export interface SearchQuery {
  words: string;
  limit?: number;
}
/**
 * `before`: of the older ones. The seq of the last one on a page asks for the next page.
 */
export interface SearchWithinQuery {
  words: string;
  limit?: number;
  before?: number | null;
}
/**
 * A message that was found, and in which mentorship.
 */
export interface SearchHit {
  mentorship: string;
  conversation: string;
  message: Message;
}
/**
 * Newest first; a page of long messages may hold fewer. `more`: there are older ones.
 * `complete`: all messages were looked at; otherwise some are still being taken in, as after an
 * upgrade of the server: ask again in a moment.
 */
export interface SearchPage {
  hits: SearchHit[];
  more: boolean;
  complete: boolean;
}
/**
 * The pinned messages, newest pin first; `revision` is the conversation's.
 */
export interface PinnedMessages {
  conversation: string;
  revision: number;
  messages: Message[];
}
/**
 * How a message has read, oldest first; the last is how it reads now. None of a deleted one.
 */
export interface MessageVersions {
  conversation: string;
  seq: number;
  versions: MessageVersion[];
}
/**
 * How a message read from `at_us` on.
 */
export interface MessageVersion {
  body: string;
  at_us: number;
}
/**
 * Terms that one proposes, and thereby accepts. In force from `valid_from_us` on, but never
 * before the other has accepted; left out: as soon as they have.
 */
export interface NewAgreement {
  terms: Terms;
  valid_from_us?: number | null;
}
/**
 * At most `limit` versions before version `before`; without it: the newest.
 */
export interface AgreementQuery {
  before?: number | null;
  limit?: number;
}
/**
 * Newest first.
 */
export interface AgreementPage {
  agreements: AgreementView[];
}
/**
 * When to meet: in the future, for 5 minutes to 12 hours. `zone` (an IANA name) is whose wall
 * clock it is planned by.
 */
export interface NewMeeting {
  start_us: number;
  length_us: number;
  zone: string;
}
/**
 * When to meet instead.
 */
export interface MoveMeeting {
  start_us: number;
  length_us: number;
}
/**
 * Meetings that end after `after_us`; without it: that are not over yet. The end of the last
 * one on a page asks for the next page.
 */
export interface MeetingQuery {
  after_us?: number | null;
  limit?: number;
}
/**
 * By their end, the earliest first; cancelled ones too. All that end when the last one does are
 * on the same page, be they more than `limit`.
 */
export interface MeetingPage {
  meetings: MeetingView[];
}
/**
 * Sessions of one mentorship, or of all one's mentorships; `before_us` pages back by the time a
 * session began: `created_us` of the last one on a page asks for the next page.
 */
export interface SessionQuery {
  mentorship?: string | null;
  before_us?: number | null;
  limit?: number;
}
/**
 * Newest first. All that began when the last one did are on the same page, be they more than
 * `limit`.
 */
export interface SessionPage {
  sessions: SessionView[];
}
/**
 * One record of a session's chain: `hash` is SHA-256 over the hash before and the record's
 * exact bytes (docs/ledger.md). `wall_us` and `monotonic_us` are the server's clocks when it was
 * written, `boot` names that run of the server.
 */
export interface FactRecord {
  seq: number;
  wall_us: number;
  monotonic_us: number;
  boot: string;
  hash: string;
  fact:
    | SessionCreated
    | TermsApplied
    | MeetingApplied
    | MeetingWithdrawn
    | MeetingRecounted
    | WindowExtended
    | ParticipantJoined
    | ParticipantLeft
    | WatchBroken
    | PathChanged
    | ContactProven
    | SessionStarted
    | SessionEnded
    | SessionSettled
    | SessionConfirmed
    | SessionContested
    | SessionCorrected;
}
/**
 * The first fact of every session: whose it is.
 */
export interface SessionCreated {
  t: "session.created";
  session: string;
  mentorship: string;
  mentor: string;
  mentee: string;
  at_us: number;
}
/**
 * What the time of this session is worth: the agreement in force. The last one written before
 * the session started counts. `version` 0: nothing was agreed, it is free.
 */
export interface TermsApplied {
  t: "terms.applied";
  session: string;
  version: number;
  terms: Terms;
  at_us: number;
}
/**
 * This session is that meeting. The last one written before the session started counts.
 * `told_us`, `told_by`: when its time was last set, and by whom. `came`: who had come for
 * it in an earlier session, so that they are not late for it now, nor missed it; `again`: both
 * had. `waited_us`: how much of the booked time mentor and mentee were there in earlier sessions;
 * `back_us`: how much of it since the server was back that had cut that short, if it had.
 * `before_us` counted in its earlier sessions, for which `billed_us` was billed, as far as
 * they were settled.
 */
export interface MeetingApplied {
  t: "meeting.applied";
  session: string;
  meeting: string;
  start_us: number;
  length_us: number;
  told_us?: number;
  told_by?: string | null;
  again?: boolean;
  came?: string[];
  /**
   * @minItems 2
   * @maxItems 2
   */
  waited_us?: [number, number];
  /**
   * @minItems 2
   * @maxItems 2
   */
  back_us?: [number | null, number | null];
  before_us?: number;
  billed_us?: number;
  at_us: number;
}
/**
 * The meeting was moved away or cancelled before it began: this session is none, for all that
 * is known.
 */
export interface MeetingWithdrawn {
  t: "meeting.withdrawn";
  session: string;
  meeting: string;
  at_us: number;
}
/**
 * By now the other sessions of the meeting, before this one or after it, are settled at
 * `billed_us`, for which `before_us` counted. Takes the place of what `meeting.applied`, or an
 * earlier recount, says of that.
 */
export interface MeetingRecounted {
  t: "meeting.recounted";
  session: string;
  meeting: string;
  before_us: number;
  billed_us: number;
  at_us: number;
}
/**
 * The mentee said to go on past the booked time, from which moment it costs more.
 */
export interface WindowExtended {
  t: "window.extended";
  session: string;
  person: string;
  at_us: number;
}
/**
 * A connection of a person entered the room. `key`: what its page signs with that it was in
 * contact with the other's page.
 */
export interface ParticipantJoined {
  t: "participant.joined";
  session: string;
  person: string;
  connection: string;
  at_us: number;
  key?: string | null;
}
/**
 * A connection is out of the room since `at_us`: what it said, or its last proof of life.
 * `noticed_us` is when the server knew. `estimated`: nobody said so, it was inferred.
 */
export interface ParticipantLeft {
  t: "participant.left";
  session: string;
  person: string;
  connection: string;
  at_us: number;
  noticed_us: number;
  reason: "ended" | "left" | "lost" | "replaced" | "restart" | "revoked";
  estimated: boolean;
}
/**
 * In between nobody could be put on record as coming: the server was stopped or stood still, or
 * its database was away.
 */
export interface WatchBroken {
  t: "watch.broken";
  session: string;
  from_us: number;
  to_us: number;
  at_us: number;
}
/**
 * A page says that sound and picture travel between it and the other, or do not.
 */
export interface PathChanged {
  t: "path.changed";
  session: string;
  person: string;
  connection: string;
  up: boolean;
  at_us: number;
}
/**
 * The page with key `signer_key`, of `signer`, signed that it was in contact with the page of
 * `about_key`, of `person`, without a gap from `from_us` to `to_us`; `person` handed that in. So
 * both say so. The signature is over the contact statement (docs/ledger.md). Of the stretch counts
 * what lies after both keys were brought in, and before `at_us`.
 */
export interface ContactProven {
  t: "contact.proven";
  session: string;
  person: string;
  signer: string;
  about_key: string;
  signer_key: string;
  from_us: number;
  to_us: number;
  beats: number;
  signature: string;
  at_us: number;
}
/**
 * Both sides were present for the first time.
 */
export interface SessionStarted {
  t: "session.started";
  session: string;
  mentorship: string;
  at_us: number;
}
/**
 * The session is closed, once. `at_us` is the end of the last presence in it.
 */
export interface SessionEnded {
  t: "session.ended";
  session: string;
  mentorship: string;
  at_us: number;
  noticed_us: number;
  reason: "empty" | "ended" | "nobody" | "unwatched" | "window";
  by?: string | null;
}
/**
 * What an ended session comes to, computed from the facts up to `facts`, the last of which has
 * the hash `head`. A later one replaces it: proof that came late, or a correction.
 */
export interface SessionSettled {
  t: "session.settled";
  session: string;
  revision: number;
  facts: number;
  head: string;
  bill: Bill;
  at_us: number;
}
/**
 * One of the two agrees with a revision of the settlement.
 */
export interface SessionConfirmed {
  t: "session.confirmed";
  session: string;
  person: string;
  revision: number;
  at_us: number;
}
/**
 * One of the two does not agree: the line is held until they do, or a correction. `note`: the
 * digest of why.
 */
export interface SessionContested {
  t: "session.contested";
  session: string;
  person: string;
  revision: number;
  note: string;
  at_us: number;
}
/**
 * From now on the session comes to `billed_us`, by `actor`: one of the two against their own
 * interest, or the operator (None). `note`: the digest of why.
 */
export interface SessionCorrected {
  t: "session.corrected";
  session: string;
  actor: string | null;
  billed_us: number;
  note: string;
  at_us: number;
}
/**
 * All facts of a session, in their order.
 */
export interface FactPage {
  session: string;
  facts: FactRecord[];
}
/**
 * The `revision` of the settlement that one agrees with.
 */
export interface Confirm {
  revision: number;
}
/**
 * The `revision` of the settlement that one does not agree with, and why.
 */
export interface Contest {
  revision: number;
  reason: string;
}
/**
 * What the session should come to instead, and why. One can only give in: the mentor to less,
 * the mentee to more.
 */
export interface NewCorrection {
  billed_us: number;
  reason: string;
}
/**
 * What I say after a session, all of it: what is left out is taken back. Each text has at most
 * 2,000 characters. `private` never reaches anybody else; the rest reaches the other once both
 * have answered, or 24 hours after I first did. Saving the same again changes nothing.
 */
export interface SaveReflection {
  useful?: string;
  next?: string;
  rating?: number | null;
  private?: string;
}
/**
 * What the two wanted to do next when they talked at `at_us`; the other's once it has been
 * shared. Empty: said nothing.
 */
export interface LastTime {
  session: string;
  at_us: number;
  mine: string;
  theirs: string;
}
/**
 * The session at `at_us` that I was asked about and have not answered. It is brought up once:
 * until it is answered, dismissed, or followed by another.
 */
export interface Reminder {
  session: string;
  at_us: number;
}
/**
 * What to begin the next session with.
 */
export interface NextSteps {
  mentorship: string;
  last: LastTime | null;
  reminder: Reminder | null;
}
/**
 * The month (`2026-11`) of the sessions one had `as` mentor or mentee, by one's own time zone.
 * `format` csv answers with text/csv.
 */
export interface StatementQuery {
  role?: "mentee" | "mentor";
  month: string;
  format?: "csv" | "json";
}
/**
 * What one session comes to: `head` is the hash of its settlement, `terms` in the bill the
 * version of the agreement. A contested line is held: it is in no sum.
 */
export interface StatementLine {
  session: string;
  mentorship: string;
  mentor: PersonView;
  mentee: PersonView;
  at_us: number;
  revision: number;
  state: "confirmed" | "contested" | "settled";
  head: string;
  bill: Bill;
}
/**
 * The sums of the lines in one currency (None: free of charge) that are not contested.
 */
export interface StatementSum {
  currency: string | null;
  lines: number;
  billed_us: number;
  make_up_us: number;
  net_minor: number;
  fee_minor: number;
  tax_minor: number;
}
/**
 * A month's sessions of one person in one role, oldest first. `held` counts contested lines.
 */
export interface Statement {
  person: PersonView;
  role: "mentee" | "mentor";
  month: string;
  from_us: number;
  to_us: number;
  lines: StatementLine[];
  sums: StatementSum[];
  held: number;
}
/**
 * A public key that settlements are signed with: Ed25519, 32 bytes in base64url.
 */
export interface LedgerKey {
  kid: string;
  key: string;
}
/**
 * All that were ever used here: an old signature stays good.
 */
export interface LedgerKeys {
  keys: LedgerKey[];
}
/**
 * What a page must know before anyone signs in. `start`: whether this visitor may begin a
 * mentorship here without being signed in.
 */
export interface About {
  version: string;
  start: boolean;
}
/**
 * `ok`, or what is missing.
 */
export interface Health {
  status: string;
}
/**
 * An error (RFC 9457 problem+json). `code` is in docs/errors.md; `field` names the part of the
 * request that is wrong.
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  field?: string | null;
  retry_after_us?: number | null;
}
/**
 * A session and why: stretches over its whole time, each one's lane, proofs of contact, the
 * terms and the meeting that it was, and what it comes to, *so far* until it has ended.
 * `counted`: when time counted, start and end; `bridged`: the short gaps between that were filled.
 * `together_most_us` is the most that the time together can have been. `concession_most_us`: to
 * how much the mentee can give in at most.
 */
export interface SessionAccount {
  id: string;
  mentorship: string;
  room: string;
  version: number;
  state: "ended" | "open" | "waiting";
  created_us: number;
  started_us?: number | null;
  ended_us?: number | null;
  end_reason?: ("empty" | "ended" | "nobody" | "unwatched" | "window") | null;
  ended_by?: string | null;
  as_of_us: number;
  together_us: number;
  together_since_us?: number | null;
  people: PersonTime[];
  interruptions: Interruption[];
  unwatched?: [number, number][];
  estimated: boolean;
  settlement?: Settlement | null;
  together_most_us: number;
  contact_us: number;
  unknown_us: number;
  impaired_us: number;
  stretches: Stretch[];
  counted: [number, number][];
  bridged: [number, number][];
  lanes: Lane[];
  proofs: Proof[];
  terms_version: number;
  terms: Terms;
  booked?: BookedView | null;
  extended_us?: number | null;
  bill: Bill;
  concession_most_us: number;
  notes: Note[];
}
/**
 * A part of a session in which nothing changed; `present` says who was there.
 */
export interface Stretch {
  from_us: number;
  to_us: number;
  state: "alone" | "contact" | "impaired" | "nobody" | "unknown";
  present: string[];
}
/**
 * One person's presence as proven, and the ends that are inferred: (last proof, noticed).
 */
export interface Lane {
  person: string;
  spans: [number, number][];
  inferred: [number, number][];
}
/**
 * A stretch of contact that `signer`'s page signed and `person`'s handed in.
 */
export interface Proof {
  person: string;
  signer: string;
  from_us: number;
  to_us: number;
  beats: number;
}
/**
 * The meeting that a session was, as it stood then. `came`: who had come for it already, in an
 * earlier session, so that they are not late for it now, nor missing; `again`: both had.
 * `waited_us`: how much of the booked time mentor and mentee were there before, which counts as
 * waiting for who did not come. `binding`: the mentee had notice enough to owe for not coming in
 * time. `before_us` counted in its other sessions, for which `billed_us` was billed.
 */
export interface BookedView {
  meeting: string;
  start_us: number;
  length_us: number;
  came: string[];
  again: boolean;
  /**
   * @minItems 2
   * @maxItems 2
   */
  waited_us: [number, number];
  binding: boolean;
  before_us: number;
  billed_us: number;
}
/**
 * What somebody wrote to an entry of the ledger, which holds its digest only. `text` is None
 * once it was erased. `person` None: the operator.
 */
export interface Note {
  digest: string;
  person: string | null;
  text: string | null;
  at_us: number;
  about: "contested" | "corrected";
}
/**
 * A session's records, what they were settled to, what was written to them, and the public keys
 * that signed. Only `exported_us`, and with it the seal, tells one export from the next.
 */
export interface EvidencePack {
  format?: "ithaca.evidence";
  version?: 1;
  exported_us: number;
  site: string;
  session: string;
  records: EvidenceRecord[];
  settlements: EvidenceSettlement[];
  confirmations: EvidenceConfirmation[];
  notes: EvidenceNote[];
  keys: LedgerKey[];
  seal?: EvidenceSeal;
}
/**
 * One record of the chain. `bytes` is the fact as it was written down (MessagePack): what the
 * hash covers. `fact` is the same, to be read.
 */
export interface EvidenceRecord {
  seq: number;
  wall_us: number;
  monotonic_us: number;
  boot: string;
  bytes: string;
  hash: string;
  fact:
    | SessionCreated
    | TermsApplied
    | MeetingApplied
    | MeetingWithdrawn
    | MeetingRecounted
    | WindowExtended
    | ParticipantJoined
    | ParticipantLeft
    | WatchBroken
    | PathChanged
    | ContactProven
    | SessionStarted
    | SessionEnded
    | SessionSettled
    | SessionConfirmed
    | SessionContested
    | SessionCorrected;
}
/**
 * What was settled, signed: `facts` is the place of the settlement among the records, `head`
 * that record's hash, `signature` (Ed25519) over both by the server's key `kid`.
 */
export interface EvidenceSettlement {
  revision: number;
  facts: number;
  head: string;
  bill: Bill;
  at_us: number;
  kid: string;
  signature: string;
}
/**
 * One of the two agreed with a revision; `seq` is the record that says so.
 */
export interface EvidenceConfirmation {
  seq: number;
  person: string;
  revision: number;
  at_us: number;
}
/**
 * What somebody wrote to an entry, which holds its `digest` only: SHA-256 over salt and text.
 * What was erased is not here.
 */
export interface EvidenceNote {
  digest: string;
  salt: string;
  text: string;
}
/**
 * The server's signature (Ed25519) over all the rest of the pack.
 */
export interface EvidenceSeal {
  kid: string;
  signature: string;
}
/**
 * A session in the words of the two, as one of them may see it. `they_answered`: the other has
 * said something, seen or not yet.
 */
export interface ReflectionView {
  session: string;
  mine: OwnReflection | null;
  theirs: SharedReflection | null;
  they_answered: boolean;
}
/**
 * What I said after a session. `private` is for me alone. The rest reaches the other once both
 * have answered, at the latest at `due_us`; since `shared_us` the other has it, and it cannot be
 * changed any more. `answered_us` is None while there is nothing in it for the other.
 */
export interface OwnReflection {
  useful: string;
  next: string;
  rating: number | null;
  private: string;
  answered_us: number | null;
  due_us: number | null;
  shared_us: number | null;
}
/**
 * What the other said, once it has reached me.
 */
export interface SharedReflection {
  person: string;
  useful: string;
  next: string;
  rating: number | null;
  shared_us: number;
}
/**
 * How a session was shared out, by what each page measured on its own microphone. Only time
 * that both measured counts (`both_us`): in `speaking_us` of it I spoke, in `overlap_us` both did,
 * in `silence_us` nobody. `trend` is my part of the last sessions up to this one, oldest first.
 */
export interface TalkView {
  session: string;
  both_us: number;
  speaking_us: number;
  overlap_us: number;
  silence_us: number;
  trend: TalkShare[];
}
/**
 * My part of one session: of the `both_us` that both pages measured I spoke `speaking_us`.
 */
export interface TalkShare {
  session: string;
  at_us: number;
  both_us: number;
  speaking_us: number;
}

export const FRAME_MAX_BYTES = 65536;
export const BODY_MAX_BYTES = 16384;
export const SDP_MAX_BYTES = 32768;
export const PAGE_MAX = 200;
export const BEAT_INTERVAL_US = 2000000;
export const HAND_IN_US = 4000000;
export const AUTH_TIMEOUT_US = 5000000;
export const REFLECTION_MAX = 2000;
export const REPORT_WORDS_MAX = 2000;
export const SLOT_US = 500000;
export const VOICE_SLOTS_MAX = 120;
export const PINS_MAX = 50;
export const TYPING_EVERY_US = 4000000;
export const TYPING_LAPSES_US = 6000000;
export const UNSEEN = "\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\ud82f\udca0-\ud82f\udca3\ud834\udd73-\ud834\udd7a\ufdd0-\ufdef\ufffe\uffff\ud83f\udffe\ud83f\udfff\ud87f\udffe\ud87f\udfff\ud8bf\udffe-\udb7f\udfff\udbbf\udffe\udbbf\udfff\udbff\udffe\udbff\udfff\u2800\ufff9-\ufffc\ud80d\udc30-\ud80d\udc3f\ud80d\udc41\ud80d\udc42\ud81b\udfe4\ud834\udd59";
export const SUBPROTOCOL_MSGPACK = "ithaca.v1.msgpack";

/** What one can react with, in the order of the palette. */
export const EMOJIS = ["👍", "❤️", "😂", "🎉", "🙏", "💡", "👏", "🔥", "😮", "😢", "🤔", "✅"] as const;
export type Emoji = (typeof EMOJIS)[number];

/** The currencies that people pay in, and how many digits the minor unit of each has. */
export const MINOR_DIGITS: Readonly<Record<string, number>> = { AED: 2, AFN: 2, ALL: 2, AMD: 2, AOA: 2, ARS: 2, AUD: 2, AWG: 2, AZN: 2, BAM: 2, BBD: 2, BDT: 2, BHD: 3, BIF: 0, BMD: 2, BND: 2, BOB: 2, BRL: 2, BSD: 2, BTN: 2, BWP: 2, BYN: 2, BZD: 2, CAD: 2, CDF: 2, CHF: 2, CLP: 0, CNY: 2, COP: 2, CRC: 2, CUP: 2, CVE: 2, CZK: 2, DJF: 0, DKK: 2, DOP: 2, DZD: 2, EGP: 2, ERN: 2, ETB: 2, EUR: 2, FJD: 2, FKP: 2, GBP: 2, GEL: 2, GHS: 2, GIP: 2, GMD: 2, GNF: 0, GTQ: 2, GYD: 2, HKD: 2, HNL: 2, HTG: 2, HUF: 2, IDR: 2, ILS: 2, INR: 2, IQD: 3, IRR: 2, ISK: 0, JMD: 2, JOD: 3, JPY: 0, KES: 2, KGS: 2, KHR: 2, KMF: 0, KPW: 2, KRW: 0, KWD: 3, KYD: 2, KZT: 2, LAK: 2, LBP: 2, LKR: 2, LRD: 2, LSL: 2, LYD: 3, MAD: 2, MDL: 2, MGA: 2, MKD: 2, MMK: 2, MNT: 2, MOP: 2, MRU: 2, MUR: 2, MVR: 2, MWK: 2, MXN: 2, MYR: 2, MZN: 2, NAD: 2, NGN: 2, NIO: 2, NOK: 2, NPR: 2, NZD: 2, OMR: 3, PAB: 2, PEN: 2, PGK: 2, PHP: 2, PKR: 2, PLN: 2, PYG: 0, QAR: 2, RON: 2, RSD: 2, RUB: 2, RWF: 0, SAR: 2, SBD: 2, SCR: 2, SDG: 2, SEK: 2, SGD: 2, SHP: 2, SLE: 2, SOS: 2, SRD: 2, SSP: 2, STN: 2, SVC: 2, SYP: 2, SZL: 2, THB: 2, TJS: 2, TMT: 2, TND: 3, TOP: 2, TRY: 2, TTD: 2, TWD: 2, TZS: 2, UAH: 2, UGX: 0, USD: 2, UYU: 2, UZS: 2, VED: 2, VES: 2, VND: 0, VUV: 0, WST: 2, XAF: 0, XCD: 2, XCG: 2, XOF: 0, XPF: 0, YER: 2, ZAR: 2, ZMW: 2, ZWG: 2 };

/** What a client does about an error: fix the request, try again, connect again, renew
 * the grant and connect again, or stop. */
export type Act = "fix" | "retry" | "reconnect" | "renew" | "stop";

/** Every error that can leave the server; `close` where it ends a connection. */
export const ERRORS = {
  bad_request: {"act": "fix", "close": null, "meaning": "The request does not have the documented form."},
  bad_frame: {"act": "fix", "close": 4200, "meaning": "The frame does not have the documented form."},
  frame_too_large: {"act": "fix", "close": 1009, "meaning": "A frame may have at most 64 KiB."},
  unsupported_data: {"act": "fix", "close": 1003, "meaning": "This subprotocol takes the other frame type."},
  wrong_order: {"act": "fix", "close": 4201, "meaning": "The first frame must be auth.open, and only it."},
  bad_sdp: {"act": "fix", "close": null, "meaning": "The session description is not valid SDP."},
  bad_candidate: {"act": "fix", "close": null, "meaning": "The ICE candidate is not valid."},
  invalid_field: {"act": "fix", "close": null, "meaning": "A field has a value that cannot be used."},
  message_empty: {"act": "fix", "close": null, "meaning": "A message needs at least one visible character."},
  message_too_long: {"act": "fix", "close": null, "meaning": "A message may have at most 16 KiB of UTF-8 text."},
  message_gone: {"act": "fix", "close": null, "meaning": "The message was deleted."},
  too_many_edits: {"act": "fix", "close": null, "meaning": "It was edited 99 times: write a new message."},
  too_many_pins: {"act": "fix", "close": null, "meaning": "At most 50 messages are pinned: take a pin off first."},
  body_too_large: {"act": "fix", "close": null, "meaning": "The request body is too large."},
  request_timeout: {"act": "retry", "close": null, "meaning": "The request took too long to arrive."},
  media_type: {"act": "fix", "close": null, "meaning": "Send the body as application/json."},
  not_found: {"act": "fix", "close": null, "meaning": "There is no such thing, or it is not yours."},
  method_not_allowed: {"act": "fix", "close": null, "meaning": "This address does not take that method."},
  conflict: {"act": "fix", "close": null, "meaning": "The same id was used before with other content."},
  not_in_room: {"act": "fix", "close": null, "meaning": "Join the room first."},
  not_settled: {"act": "retry", "close": null, "meaning": "The session has not ended: what it comes to may change."},
  stale_revision: {"act": "fix", "close": null, "meaning": "The settlement has changed: look at it again."},
  contested: {"act": "fix", "close": null, "meaning": "It is contested: whoever did so, or a correction, decides."},
  already_confirmed: {"act": "fix", "close": null, "meaning": "Both have confirmed it. The operator can correct it."},
  not_a_concession: {"act": "fix", "close": null, "meaning": "One can correct only against one's own interest. Contest it, and let the other or the operator correct it."},
  said_enough: {"act": "fix", "close": null, "meaning": "One person can contest and correct a session 50 times. Ask the operator to correct it."},
  proposal_closed: {"act": "fix", "close": null, "meaning": "The proposal is not open any more: it was declined or withdrawn, or a later one took its place."},
  already_accepted: {"act": "fix", "close": null, "meaning": "Both have accepted it. Propose new terms instead."},
  not_yours: {"act": "fix", "close": null, "meaning": "One withdraws what one proposed, and declines what the other did; one edits and deletes what one wrote."},
  meeting_closed: {"act": "fix", "close": null, "meaning": "The meeting has begun, the two have met for it, or it was cancelled: it stays as it is."},
  mentorship_closed: {"act": "fix", "close": null, "meaning": "One of the two has left this mentorship: what was stays, and nothing new begins."},
  blocking: {"act": "fix", "close": null, "meaning": "You have blocked the other: lift that first."},
  not_accepted: {"act": "fix", "close": null, "meaning": "The other does not take messages or calls from you at the moment."},
  meeting_overlaps: {"act": "fix", "close": null, "meaning": "The two have another meeting at that time."},
  already_shared: {"act": "fix", "close": null, "meaning": "The other has it already: it stays as it is."},
  unknown_peer: {"act": "fix", "close": null, "meaning": "That peer is not in the room (any more)."},
  unauthenticated: {"act": "renew", "close": 4100, "meaning": "The grant is missing, unknown or expired."},
  auth_timeout: {"act": "reconnect", "close": 4001, "meaning": "No auth.open within 5 seconds."},
  revoked: {"act": "stop", "close": 4202, "meaning": "This link has ended. Open your newest link; if you have none, ask for a new one."},
  invitation_invalid: {"act": "stop", "close": null, "meaning": "This link is not known here. Ask for a new one."},
  invitation_expired: {"act": "stop", "close": null, "meaning": "This link has run out. Ask for a new one."},
  renewal_invalid: {"act": "stop", "close": null, "meaning": "This page's access has ended. Open the link again."},
  forbidden: {"act": "stop", "close": null, "meaning": "This grant does not allow that."},
  origin_forbidden: {"act": "stop", "close": null, "meaning": "Pages of this origin may not connect here."},
  host_forbidden: {"act": "stop", "close": null, "meaning": "This server does not answer to that host name."},
  rate_limited: {"act": "retry", "close": 4002, "meaning": "Too many requests; wait as long as it says."},
  slow_consumer: {"act": "reconnect", "close": 4003, "meaning": "The connection could not keep up."},
  beat_timeout: {"act": "reconnect", "close": 4004, "meaning": "No sign of life from the page."},
  replaced: {"act": "stop", "close": 4203, "meaning": "A newer connection of the same tab took over."},
  restarting: {"act": "reconnect", "close": 1012, "meaning": "The server restarts; it is back in a moment."},
  storage_full: {"act": "retry", "close": null, "meaning": "The server's disk is full; nothing was stored."},
  unavailable: {"act": "retry", "close": 4005, "meaning": "The database does not answer; what was on its way may be stored or not."},
  internal: {"act": "retry", "close": 1011, "meaning": "Something broke here; it has been logged."},
} as const satisfies Record<string, { act: Act; close: number | null; meaning: string }>;
export type ErrorCode = keyof typeof ERRORS;
