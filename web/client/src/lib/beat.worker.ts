/** A timer that hidden pages do not slow down (a page's own timers are). */
setInterval(() => self.postMessage(null), 2_000);
