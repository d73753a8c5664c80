/** The chart of a run, as SVG. */
export function chart() {
  return "";
}
