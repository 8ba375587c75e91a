/** A long touch on a row is for what one can do with it; a right click stays the browser's. */
const LONG_MS = 500;
const STILL_PX = 10;

export class LongPress {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private from = { x: 0, y: 0 };

  constructor(private readonly pressed: (key: string) => void) {}

  readonly begin = (event: PointerEvent): void => {
    this.end();
    if (event.pointerType !== "touch") return;
    const key = (event.target as HTMLElement).closest<HTMLElement>("[data-key]")?.dataset["key"];
    this.from = { x: event.clientX, y: event.clientY };
    if (key !== undefined) this.timer = setTimeout(() => this.pressed(key), LONG_MS);
  };

  readonly move = (event: PointerEvent): void => {
    const far = Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y);
    if (far > STILL_PX) this.end();
  };

  readonly end = (): void => {
    clearTimeout(this.timer);
  };

  readonly menu = (event: Event): void => {
    if ((event as PointerEvent).pointerType === "touch") event.preventDefault();
  };
}
