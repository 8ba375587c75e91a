/** The pages and their addresses. */
import { forgetPlace, FROM_TALK, keptPlace, LEAVING } from "./place.js";

export type Route =
  | { readonly page: "home" }
  | { readonly page: "open" }
  | { readonly page: "new" }
  | { readonly page: "prejoin"; readonly mentorship: string }
  | { readonly page: "call"; readonly mentorship: string }
  | { readonly page: "summary"; readonly session: string }
  | { readonly page: "statements" }
  | { readonly page: "unknown" };

export const paths = {
  home: "/",
  new: "/new",
  prejoin: (mentorship: string): string => `/m/${mentorship}`,
  call: (mentorship: string): string => `/m/${mentorship}/call`,
  statements: "/statements",
  summary: (session: string): string => `/s/${session}`,
  /** The same, with its questions open. */
  reflect: (session: string): string => `/s/${session}#reflect`,
} as const;

export function parseRoute(pathname: string): Route {
  const [first = "", id = "", last = "", ...more] = pathname.split("/").slice(1);
  if (more.length === 0) {
    if (first === "" && !id) return { page: "home" };
    if (first === "open" && !id) return { page: "open" };
    if (first === "new" && !id) return { page: "new" };
    if (first === "statements" && !id) return { page: "statements" };
    if (first === "m" && id && !last) return { page: "prejoin", mentorship: id };
    if (first === "m" && id && last === "call") return { page: "call", mentorship: id };
    if (first === "s" && id && !last) return { page: "summary", session: id };
  }
  return { page: "unknown" };
}

/** Goes to a page of this site. `replace`: the page left behind is not one to come back to. */
export function navigate(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") {
    forgetPlace();
    dispatchEvent(new Event(LEAVING));
    history.pushState(keptPlace() && FROM_TALK, "", path);
  } else history.replaceState(null, "", path);
  dispatchEvent(new Event("ithaca:route"));
}
