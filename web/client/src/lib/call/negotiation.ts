/** Perfect negotiation (W3C webrtc-pc, 10.7) towards one peer: what to do with each offer, answer
 * and candidate. Pure: one event, then all its effects, then the next.
 */
export type Candidate = RTCIceCandidateInit;

export interface Negotiation {
  /** Whether an own offer gives way to one that crosses it. */
  readonly polite: boolean;
  readonly signaling: "stable" | "have-local-offer";
  /** The other's latest offer was ignored; it takes ours instead. */
  readonly ignoring: boolean;
  /** A remote description is set, so candidates can be added. */
  readonly described: boolean;
  /** Candidates that came before it. */
  readonly early: readonly Candidate[];
}

export type Event =
  | { readonly is: "needed" } // the browser says that negotiation is needed
  | { readonly is: "offer"; readonly sdp: string }
  | { readonly is: "answer"; readonly sdp: string }
  | { readonly is: "candidate"; readonly candidate: Candidate }
  | { readonly is: "returned" } // the other's signalling is back: what was sent may be lost
  | { readonly is: "failed"; readonly signaling: RTCSignalingState; readonly described: boolean };

export type Effect =
  | { readonly do: "offer" } // set a local offer and send it
  | { readonly do: "send_again" } // send the local offer that is set
  | { readonly do: "answer"; readonly sdp: string } // set this offer (rolling back), answer it
  | { readonly do: "accept"; readonly sdp: string } // set this answer
  | { readonly do: "add"; readonly candidate: Candidate };

export type Step = readonly [negotiation: Negotiation, effects: readonly Effect[]];

export function negotiation(polite: boolean): Negotiation {
  return { polite, signaling: "stable", ignoring: false, described: false, early: [] };
}

export function step(state: Negotiation, event: Event): Step {
  const idle = state.signaling === "stable";
  switch (event.is) {
    case "needed":
      // With an offer out, the browser says so again once it is answered.
      return idle ? [{ ...state, signaling: "have-local-offer" }, [{ do: "offer" }]] : [state, []];
    case "offer":
      if (!idle && !state.polite) return [{ ...state, ignoring: true, early: [] }, []];
      return described(state, { do: "answer", sdp: event.sdp });
    case "answer":
      // Without an offer out it answers one that was taken back.
      return idle ? [state, []] : described(state, { do: "accept", sdp: event.sdp });
    case "candidate":
      if (state.described) return [state, [{ do: "add", candidate: event.candidate }]];
      if (state.ignoring) return [state, []];
      return [{ ...state, early: [...state.early, event.candidate] }, []];
    case "returned":
      return [state, idle ? [] : [{ do: "send_again" }]];
    case "failed":
      return [
        {
          ...state,
          signaling: event.signaling === "have-local-offer" ? "have-local-offer" : "stable",
          described: event.described,
        },
        [],
      ];
  }
}

function described(state: Negotiation, first: Effect): Step {
  const adds = state.early.map((candidate) => ({ do: "add", candidate }) as const);
  return [
    { ...state, signaling: "stable", ignoring: false, described: true, early: [] },
    [first, ...adds],
  ];
}
