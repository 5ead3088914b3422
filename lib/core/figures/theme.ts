/** Colours and fonts of one theme. */
export interface Theme {
  readonly name: "light" | "dark";
  readonly family: string;
  readonly paper: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly line: string;
  /** One colour for each run or set, in this order; told apart with every common colour blindness. */
  readonly series: readonly string[];
  /** Ten colours for classes. Ten are too many for colour alone: maps also use a mark of its own for each class. */
  readonly classes: readonly string[];
  /** Small → large, for values of one sign: an even ramp of lightness that also works in grey. */
  readonly sequential: readonly (readonly [number, string])[];
  /** Negative → 0 → positive, for weights and gradients. */
  readonly diverging: readonly (readonly [number, string])[];
  /** Feature maps of one sign: 0 is black, like the background of the images beside them. */
  readonly glow: readonly (readonly [number, string])[];
  /** Images: 0 is dark, 1 is light, in both themes, as MNIST stores its digits. */
  readonly ink: readonly (readonly [number, string])[];
}

/** Widths in CSS pixels (96 an inch), and font sizes in the same unit. */
export interface Size {
  readonly name: "column" | "page";
  readonly width: number;
  readonly text: number;
  readonly title: number;
}

export const sizes: { readonly column: Size; readonly page: Size } = {
  column: { name: "column", width: 336, text: 10.5, title: 12 },
  page: { name: "page", width: 680, text: 12, title: 14 },
};

/** The size that a paper asks for, from millimetres and typographic points (96 pixels and 72 points an inch). */
export function paperSize(width: number, text: number): Size {
  const pixels = Math.round((width / 25.4) * 96);
  const size = (text / 72) * 96;
  // Narrower than two columns of a page: as many panels in a row as a column takes.
  return { name: pixels < 500 ? "column" : "page", width: pixels, text: size, title: size * 1.15 };
}

/** The shipped font first; the others for a notebook on a machine without it. */
export const family = '"Source Sans 3", "Source Sans Pro", Helvetica, Arial, sans-serif';

// Okabe and Ito's colours ("Color universal design", 2008) without yellow and black, in the order of their contrast.
const okabeIto = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
// Ten colours dark enough for thin glyphs on white (contrast 3 or more), neighbours far apart in hue or lightness.
const tenClasses = [
  "#1f6fb4",
  "#e06c00",
  "#b3121d",
  "#6b7075",
  "#7a2fb0",
  "#8a5340",
  "#00856a",
  "#8f7a00",
  "#2b2f77",
  "#d0449a",
];

const light: Theme = {
  name: "light",
  family,
  paper: "#ffffff",
  text: "#1f2328",
  muted: "#59636e",
  grid: "#e6e8eb",
  line: "#8c959f",
  series: okabeIto,
  classes: tenClasses,
  sequential: [
    [0, "#f7fbff"],
    [0.25, "#c6dbef"],
    [0.5, "#6baed6"],
    [0.75, "#2171b5"],
    [1, "#08306b"],
  ],
  diverging: [
    [0, "#2166ac"],
    [0.25, "#92c5de"],
    [0.5, "#f7f7f7"],
    [0.75, "#f4a582"],
    [1, "#b2182b"],
  ],
  glow: [
    [0, "#000004"],
    [0.25, "#51127c"],
    [0.5, "#b73779"],
    [0.75, "#fc8961"],
    [1, "#fcfdbf"],
  ],
  ink: [
    [0, "#000000"],
    [1, "#ffffff"],
  ],
};

const dark: Theme = {
  ...light,
  name: "dark",
  paper: "#0d1117",
  text: "#e6edf3",
  muted: "#9198a1",
  grid: "#2a313a",
  line: "#656c76",
  series: ["#56b4e9", "#ff8c42", "#2fc99b", "#e6a3c8", "#f0c04a", "#8ab4f8"],
  classes: [
    "#5aa9f0",
    "#ffb83d",
    "#f0583c",
    "#aebdbb",
    "#b57be0",
    "#c98a78",
    "#ff8a3d",
    "#d0c488",
    "#8f94a3",
    "#a8e6e9",
  ],
  sequential: [
    [0, "#0d1b2a"],
    [0.25, "#1b4965"],
    [0.5, "#2f7fb8"],
    [0.75, "#7cc0ec"],
    [1, "#e8f6ff"],
  ],
  diverging: [
    [0, "#6fb1ea"],
    [0.25, "#2f6391"],
    [0.5, "#1c2128"],
    [0.75, "#a04a3a"],
    [1, "#ff9077"],
  ],
};

export const themes: { readonly light: Theme; readonly dark: Theme } = { light, dark };

/** Black or white, whichever can be read on a ramp's colour (the contrast is 4.5 or more on every colour). */
export function inkOn(ramp: readonly (readonly [number, string])[], share: number): string {
  const above = Math.max(
    1,
    ramp.findIndex(([at]) => at >= share),
  );
  const [[from, dark], [to, light]] = [ramp[above - 1], ramp[above]];
  const part = Math.min(1, Math.max(0, (share - from) / (to - from)));
  const channel = (color: string, i: number) => Number.parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16) / 255;
  // Relative luminance as WCAG 2 defines it; the ramp itself is mixed in sRGB, as Plotly does.
  const luminance = [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const value = channel(dark, i) * (1 - part) + channel(light, i) * part;
    return sum + weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  return luminance > 0.179 ? "#000000" : "#ffffff";
}
