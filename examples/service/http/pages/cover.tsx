/** A book's cover, drawn from its number and title: there are no pictures to load. */

const PALETTES: readonly (readonly [ground: string, figure: string, ink: string])[] = [
  ["#7a2e1d", "#c96f4a", "#f7efe2"],
  ["#1f3a4d", "#4f7f96", "#f3ead7"],
  ["#2f4a33", "#7d9a5b", "#f5efd9"],
  ["#e9dcc0", "#c2965a", "#3a2a18"],
  ["#51304f", "#a06a8f", "#f6e9ea"],
  ["#d8d3c4", "#7f8f89", "#22302e"],
  ["#b5812c", "#e2bf6f", "#2c1c07"],
  ["#22252f", "#6b6f86", "#ece9df"],
  ["#8f3b4a", "#d9959a", "#fbeeea"],
  ["#cfdcd6", "#6f9c8f", "#17332d"],
];

/** At most four lines of a title, broken between its words. */
function lines(title: string): string[] {
  const broken: string[] = [];
  for (const word of title.split(/\s+/)) {
    const last = broken.at(-1);
    if (last !== undefined && last.length + word.length < 13) broken[broken.length - 1] = `${last} ${word}`;
    else broken.push(word.length > 14 ? `${word.slice(0, 13)}…` : word);
  }
  return broken.length > 4 ? [...broken.slice(0, 3), `${broken[3]} …`] : broken;
}

const FIGURES = [
  (fill: string) => <circle cx="60" cy="118" r="34" fill={fill} />,
  (fill: string) => <path d="M0 180 L60 88 L120 180 Z" fill={fill} />,
  (fill: string) => <path d="M0 120 Q30 96 60 120 T120 120 V180 H0 Z" fill={fill} />,
  (fill: string) => <path d="M20 180 V110 A40 40 0 0 1 100 110 V180 Z" fill={fill} />,
  (fill: string) => <path d="M0 100 H120 V112 H0 Z M0 124 H120 V136 H0 Z M0 148 H120 V160 H0 Z" fill={fill} />,
  (fill: string) => <path d="M60 84 L84 132 L60 180 L36 132 Z" fill={fill} />,
] as const;

export function Cover({ id, title, byline }: { id: number; title: string; byline: string }) {
  const [ground, figure, ink] = PALETTES[(id * 7) % PALETTES.length] as (typeof PALETTES)[number];
  const draw = FIGURES[(id * 5) % FIGURES.length] as (typeof FIGURES)[number];
  const [surname = ""] = byline.split(", ")[0]?.split(" ").slice(-1) ?? [];
  return (
    <svg class="cover" viewBox="0 0 120 180" aria-hidden="true" focusable="false">
      <rect width="120" height="180" fill={ground} />
      {draw(figure)}
      <rect x="4" y="0" width="2" height="180" fill={ink} opacity="0.18" />
      {lines(title).map((line, i) => (
        <text x="14" y={24 + i * 15} fill={ink} font-size="12.5" font-family="Georgia, serif" font-weight="bold">
          {line}
        </text>
      ))}
      <text x="14" y="170" fill={ink} font-size="8.5" font-family="Georgia, serif" letter-spacing="1">
        {surname.toUpperCase()}
      </text>
    </svg>
  );
}
