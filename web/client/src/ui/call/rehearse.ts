import type { App, AppState, CallState, RemotePeer } from "../../lib/model.js";
import { Call } from "./call.js";

/** Draws the call once, unseen, while there is time, first alone, then with somebody: at the click on
 * Join its templates, styles and code are ready, so that neither offer nor answer is kept waiting by
 * them. */
export async function rehearse(app: App, mentorship: string, room: string): Promise<void> {
  const alone: CallState = {
    mentorship,
    room,
    phase: "joining",
    peers: [],
    gone: null,
    session: null,
    microphoneOn: true,
    cameraOn: true,
    ended: null,
    trouble: null,
  };
  const somebody: RemotePeer = {
    id: "",
    person: "",
    audio: true,
    video: true,
    stream: new MediaStream(),
    media: "connecting",
    flows: false,
    frozen: false,
    here: true,
    unproven: false,
  };
  // A video that waits for its picture would hold up the end of loading, and that picture never comes.
  if (document.readyState !== "complete") {
    await new Promise((loaded) => addEventListener("load", loaded, { once: true }));
  }
  const element = new Call();
  element.mentorship = mentorship;
  const stage = document.createElement("div");
  stage.inert = true;
  stage.ariaHidden = "true";
  stage.className = "rehearsal";
  stage.attachShadow({ mode: "closed" }).append(element); // nobody finds two of what there is once
  for (const call of [alone, { ...alone, phase: "joined", peers: [somebody] } as const]) {
    element.app = beforeNobody(app, { ...app.state, call });
    document.body.append(stage);
    await element.updateComplete;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  }
  stage.remove();
}

/** An app that shows a state and does nothing. */
function beforeNobody(app: App, state: AppState): App {
  /** Is called, or asked for what is called. */
  const nothing: object = new Proxy(() => Promise.resolve(), { get: () => nothing });
  const chat: Partial<App["chat"]> = {
    draft: () => ({ text: "", replyTo: null, editing: null }),
    send: () => null,
  };
  const answers: Partial<App> = {
    state,
    nowUs: () => app.nowUs(),
    subscribe: () => () => undefined,
    chat: new Proxy(app.chat, { get: (_, name) => chat[name as keyof typeof chat] ?? nothing }),
  };
  return new Proxy(app, {
    get: (_, name) =>
      // Lit asks everything it draws for marks of its own; those stay unknown.
      name in app ? (answers[name as keyof App] ?? nothing) : undefined,
  });
}
