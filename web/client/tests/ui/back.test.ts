import { expect, test } from "vitest";

import { Back } from "../../src/ui/back.js";

test("the connection is back once after each time that it was away", () => {
  let [online, times] = [true, 0];
  const host = {
    addController: () => undefined,
    removeController: () => undefined,
    requestUpdate: () => undefined,
    updateComplete: Promise.resolve(true),
  };
  const back = new Back(
    host,
    () => online,
    () => (times += 1),
  );
  const at = [true, true, false, false, true, true, false, true].map((is) => {
    online = is;
    back.hostUpdate();
    return times;
  });
  expect(at).toEqual([0, 0, 0, 0, 1, 1, 1, 2]);
});
