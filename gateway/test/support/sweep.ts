import { seededRandom } from "../../../bench/stripe-event.mjs";

/** What is swept in every run of the tests; `npm run proof -- sweeps` sets the variable and sweeps all. */
const SEED = 6;

/** The steps that a sweep goes through: all of them, or `few` that a fixed seed chooses, where each start costs seconds. */
export function sweep<Point>(points: readonly Point[], few: number): readonly Point[] {
  if (process.env["HOLDFAST_SWEEP"] === "full") return points;
  const random = seededRandom(SEED);
  const drawn = points.map((point, place) => ({ point, place, at: random() }));
  return drawn
    .toSorted((a, b) => a.at - b.at)
    .slice(0, few)
    .toSorted((a, b) => a.place - b.place)
    .map(({ point }) => point);
}

/** Each step at the first times that it is taken. */
export function atFirstTimes<Point>(points: readonly Point[], times = 2): (Point & { readonly hit: number })[] {
  return points.flatMap((point) => Array.from({ length: times }, (_, i) => ({ ...point, hit: i + 1 })));
}
