/* Generated from protocol/ by docs/generate.py: change it there.
 * schema f57a7a47e52504590ca16fadce2d2af1
 * text   ae1532775cb6ec124150f70626f664fc
 */
export type ClientFrame =
  | AuthOpen
  | Beat
  | ChatSend
  | ChatFetch
  | ChatRead
  | RoomJoin
  | RoomLeave
  | RoomEnd
  | RoomMedia
  | PeerOffer
  | PeerAnswer
  | PeerCandidate;
export type ServerFrame =
  | AuthOpened
  | BeatAck
  | ErrorFrame
  | ChatAccepted
  | ChatMessages
  | ChatReceipt
  | RoomJoined
  | RoomPeerJoined
  | RoomPeerLeft
  | RoomPeerMedia
  | RoomLeft
  | SessionChanged
  | PresenceChanged
  | MentorshipAdded
  | PeerOffer
  | PeerAnswer
  | PeerCandidate;

/**
 * Signs this connection in. `tab` names the page for its life, reloads included: a newer
 * connection of the same tab replaces the older one. `cursors` gives, per conversation, the last
 * seq the client holds without a gap: delivery goes on from there.
 */
export interface AuthOpen {
  t: "auth.open";
  grant: string;
  tab: string;
  cursors?: {
    [k: string]: number;
  };
}
/**
 * A sign of life from the page itself, every 2 s from a Worker's timer.
 */
export interface Beat {
  t: "beat";
  n: number;
}
/**
 * Asks for a message to be stored. Sending it again with the same `id` changes nothing and is
 * accepted with the same seq; the same `id` with another body is refused with `conflict`.
 */
export interface ChatSend {
  t: "chat.send";
  conversation: string;
  id: string;
  body: string;
}
/**
 * Asks for a page: at most `limit` messages before `before` (exclusive), or, if `after` is
 * given, after it. Neither: the newest. A page of long messages may hold fewer.
 */
export interface ChatFetch {
  t: "chat.fetch";
  conversation: string;
  before?: number | null;
  after?: number | null;
  limit?: number;
}
/**
 * Says that everything up to `seq` has been seen. Never moves backwards.
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
 * same tab's newer one replaced. A person may join 30 times at once and once every 2 s: beyond
 * that it is `rate_limited`, and they stay in or out as they were.
 */
export interface RoomJoin {
  t: "room.join";
  room: string;
  peer: string;
  audio: boolean;
  video: boolean;
  offer?: string | null;
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
 * `ice_servers` are for the connection that a page prepares before it joins.
 */
export interface AuthOpened {
  t: "auth.opened";
  connection: string;
  person: string;
  now_us: number;
  beat_interval_us: number;
  ice_servers: IceServer[];
  mentorships: MentorshipView[];
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
 * A mentorship as one of its members sees it; `read` and `unread` are that member's own, `last`
 * is the newest message with at most the first line of its body.
 */
export interface MentorshipView {
  id: string;
  conversation: string;
  room: string;
  created_us: number;
  members: Member[];
  head: number;
  read: number;
  unread: number;
  last?: Message | null;
  session?: SessionView | null;
}
/**
 * A person in a mentorship.
 */
export interface Member {
  person: PersonView;
  role: "mentee" | "mentor";
  presence: "away" | "here" | "in_room";
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
 * A message as stored: `seq` is its place, `id` what its author's client called it.
 */
export interface Message {
  seq: number;
  id: string;
  person: string;
  body: string;
  at_us: number;
}
/**
 * What happened in one session. All sums are as of `as_of_us`; while `together_since_us` is set
 * the time together grows with the clock. `estimated`: some end was not said but inferred from the
 * last proof of life. `interruptions` are the latest 100 gaps at most. `version` grows with each
 * change on record: of two views the one of the greater version is the newer, whatever their times
 * say; of one version, the one of the later `as_of_us`.
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
  end_reason?: ("empty" | "ended") | null;
  as_of_us: number;
  together_us: number;
  together_since_us?: number | null;
  people: PersonTime[];
  interruptions: Interruption[];
  estimated: boolean;
}
/**
 * One person's time in a session. `since_us` is set while they are in the room: their time
 * grows from `present_us` by (now - `since_us`).
 */
export interface PersonTime {
  person: string;
  present_us: number;
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
 * The message is on disk, at `seq`.
 */
export interface ChatAccepted {
  t: "chat.accepted";
  conversation: string;
  id: string;
  seq: number;
  at_us: number;
}
/**
 * Contiguous messages, oldest first: live, caught up after an absence, or a page asked for.
 * `head` is the conversation's newest seq.
 */
export interface ChatMessages {
  t: "chat.messages";
  conversation: string;
  head: number;
  messages: Message[];
}
/**
 * How far a member has read.
 */
export interface ChatReceipt {
  t: "chat.receipt";
  conversation: string;
  person: string;
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
 * the others can hear and see of it.
 */
export interface Peer {
  id: string;
  person: string;
  audio: boolean;
  video: boolean;
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
 * Someone in one of your mentorships came or went.
 */
export interface PresenceChanged {
  t: "presence.changed";
  mentorship: string;
  person: string;
  presence: "away" | "here" | "in_room";
}
/**
 * You are in a new mentorship.
 */
export interface MentorshipAdded {
  t: "mentorship.added";
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
 * Who the grant speaks for, and what they are part of.
 */
export interface Me {
  person: PersonView;
  now_us: number;
  mentorships: MentorshipView[];
}
/**
 * A fresh link for oneself; all earlier ones have stopped working, and so has everything that
 * was opened with them.
 */
export interface NewLink {
  url: string;
}
/**
 * As `chat.send`: the same `id` again changes nothing, with another body it is a `conflict`.
 */
export interface SendMessage {
  id: string;
  body: string;
}
/**
 * The message is on disk.
 */
export interface MessageAccepted {
  id: string;
  seq: number;
  at_us: number;
}
/**
 * At most `limit` messages before `before`, or after `after`; neither: the newest. A page of
 * long messages may hold fewer.
 */
export interface PageQuery {
  before?: number | null;
  after?: number | null;
  limit?: number;
}
/**
 * Contiguous messages, oldest first; `head` is the conversation's newest seq.
 */
export interface MessagePage {
  conversation: string;
  head: number;
  messages: Message[];
}
/**
 * Sessions of one mentorship, or of all one's mentorships; `before_us` pages back by the time a
 * session began.
 */
export interface SessionQuery {
  mentorship?: string | null;
  before_us?: number | null;
  limit?: number;
}
/**
 * Newest first.
 */
export interface SessionPage {
  sessions: SessionView[];
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

export const FRAME_MAX_BYTES = 65536;
export const BODY_MAX_BYTES = 16384;
export const SDP_MAX_BYTES = 32768;
export const PAGE_MAX = 200;
export const BEAT_INTERVAL_US = 2000000;
export const AUTH_TIMEOUT_US = 5000000;
export const SUBPROTOCOL_MSGPACK = "ithaca.v1.msgpack";

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
  body_too_large: {"act": "fix", "close": null, "meaning": "The request body is too large."},
  request_timeout: {"act": "retry", "close": null, "meaning": "The request took too long to arrive."},
  media_type: {"act": "fix", "close": null, "meaning": "Send the body as application/json."},
  not_found: {"act": "fix", "close": null, "meaning": "There is no such thing, or it is not yours."},
  method_not_allowed: {"act": "fix", "close": null, "meaning": "This address does not take that method."},
  conflict: {"act": "fix", "close": null, "meaning": "The same id was used before with other content."},
  not_in_room: {"act": "fix", "close": null, "meaning": "Join the room first."},
  unknown_peer: {"act": "fix", "close": null, "meaning": "That peer is not in the room (any more)."},
  unauthenticated: {"act": "renew", "close": 4100, "meaning": "The grant is missing, unknown or expired."},
  auth_timeout: {"act": "reconnect", "close": 4001, "meaning": "No auth.open within 5 seconds."},
  revoked: {"act": "stop", "close": 4202, "meaning": "The invitation was withdrawn. Ask for a new link."},
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
  unavailable: {"act": "retry", "close": 4005, "meaning": "The database does not answer; nothing was stored."},
  internal: {"act": "retry", "close": 1011, "meaning": "Something broke here; it has been logged."},
} as const satisfies Record<string, { act: Act; close: number | null; meaning: string }>;
export type ErrorCode = keyof typeof ERRORS;
