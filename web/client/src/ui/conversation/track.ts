/** Where each of many rows stands when their heights are known one by one: a Fenwick tree. Pure. */
export class Track {
  private readonly sums: Float64Array;
  private readonly heights: Float64Array;

  constructor(heights: ArrayLike<number>) {
    this.heights = Float64Array.from(heights);
    this.sums = new Float64Array(heights.length + 1);
    for (let i = 1; i <= heights.length; i += 1) {
      this.sums[i]! += heights[i - 1]!;
      const next = i + (i & -i);
      if (next <= heights.length) this.sums[next]! += this.sums[i]!;
    }
  }

  /** The same, and more rows below. */
  grown(heights: readonly number[]): Track {
    const all = new Float64Array(this.length + heights.length);
    all.set(this.heights);
    all.set(heights, this.length);
    return new Track(all);
  }

  get length(): number {
    return this.heights.length;
  }

  get total(): number {
    return this.top(this.length);
  }

  height(index: number): number {
    return this.heights[index] ?? 0;
  }

  /** Where a row begins. */
  top(index: number): number {
    let sum = 0;
    for (let i = Math.min(index, this.length); i > 0; i -= i & -i) sum += this.sums[i]!;
    return sum;
  }

  set(index: number, height: number): void {
    const more = height - this.heights[index]!;
    if (more === 0) return;
    this.heights[index] = height;
    for (let i = index + 1; i <= this.length; i += i & -i) this.sums[i]! += more;
  }

  /** The row at a height: the first before all, the last after all. */
  at(y: number): number {
    let [index, left] = [0, Math.max(0, y)];
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.length))); step > 0; step /= 2) {
      if (index + step <= this.length && this.sums[index + step]! <= left) {
        index += step;
        left -= this.sums[index]!;
      }
    }
    return Math.max(0, Math.min(index, this.length - 1));
  }
}
