/** How a still picture (SVG, PNG, PDF) shows a kind of trace. */
export type Still =
  /** Plotly draws it as SVG. */
  | "drawn"
  /** A browser draws it with WebGL; a still picture projects it as its camera sees it. */
  | "projected"
  /** Said in words: it is drawn with WebGL, which only a browser has. */
  | "webgl"
  /** Said in words: its map comes from a network, and neither a still picture nor a report's page asks one. */
  | "network"
  /** Drawn as another kind with the same attributes and the same look, without WebGL. */
  | { readonly as: string };

/** The part of the layout that holds a trace; a still picture writes its words there. */
export type Area = "xy" | "scene" | "polar" | "ternary" | "smith" | "geo" | "map" | "domain";

/** What is known of one kind of trace. */
export interface TraceKind {
  /** For descriptions: "line or point plot". */
  readonly words: string;
  /** The smallest of Plotly's bundles that draws it. */
  readonly bundle: "cartesian" | "full";
  readonly still: Still;
  readonly area: Area;
  /** Lists that belong together item by item. */
  readonly together: readonly string[];
  /** What must be there for anything to be seen: of each entry at least one (`"x|y"`). */
  readonly needs: readonly string[];
  /** `z` is a matrix, with a place for each row in `y` and for each column in `x`. */
  readonly matrix?: true;
}

const xy = { area: "xy", together: ["x", "y"], needs: ["x|y"] } as const;
const drawn = { bundle: "cartesian", still: "drawn" } as const;
const drawnByFull = { bundle: "full", still: "drawn" } as const;
const projected = { bundle: "full", still: "projected" } as const;
const webgl = { bundle: "full", still: "webgl" } as const;
const network = { bundle: "full", still: "network" } as const;
const matrix = { area: "xy", together: [], needs: ["z"], matrix: true } as const;
const days = { area: "xy", together: ["x", "open", "high", "low", "close"] } as const;
const parts = { area: "domain", together: ["labels", "values"], needs: ["values|labels"] } as const;
const tree = {
  area: "domain",
  together: ["labels", "ids", "parents", "values"],
  needs: ["labels|ids", "parents"],
} as const;
const points3d = { area: "scene", together: ["x", "y", "z"], needs: ["x", "y", "z"] } as const;
const volume = {
  area: "scene",
  together: ["x", "y", "z", "value"],
  needs: ["x", "y", "z", "value"],
} as const;
const arrows3d = {
  area: "scene",
  together: ["x", "y", "z", "u", "v", "w"],
  needs: ["x", "y", "z", "u", "v", "w"],
} as const;
const places = { together: ["lon", "lat"] } as const;
const polar = { area: "polar", together: ["r", "theta"], needs: ["r|theta"] } as const;

/**
 * Every kind of trace of plotly.js 4 (a test walks Plotly's own schema), and all that depends on the kind: which
 * bundle a page needs, what a still picture draws or says, which lists must be there and of one length.
 */
export const traceKinds = {
  scatter: { words: "line or point plot", ...drawn, ...xy },
  bar: { words: "bar chart", ...drawn, ...xy },
  box: { words: "box plot", ...drawn, ...xy, needs: ["x|y|q1"] },
  violin: { words: "violin plot", ...drawn, ...xy },
  histogram: { words: "histogram", ...drawn, ...xy },
  histogram2d: { words: "two-dimensional histogram", ...drawn, ...xy, needs: ["x", "y"] },
  histogram2dcontour: { words: "contours of a histogram", ...drawn, ...xy, needs: ["x", "y"] },
  heatmap: { words: "heat map", ...drawn, ...matrix },
  contour: { words: "contour plot", ...drawn, ...matrix },
  image: { words: "image", ...drawn, area: "xy", together: [], needs: ["z|source"] },
  funnel: { words: "funnel chart", ...drawnByFull, ...xy },
  waterfall: { words: "waterfall chart", ...drawnByFull, ...xy },
  pie: { words: "pie chart", ...drawn, ...parts },
  scatterternary: {
    words: "ternary plot",
    ...drawn,
    area: "ternary",
    together: ["a", "b", "c"],
    needs: ["a|b", "b|c", "a|c"],
  },
  quiver: {
    words: "arrows",
    ...drawnByFull,
    area: "xy",
    together: ["x", "y", "u", "v"],
    needs: ["x", "y", "u", "v"],
  },
  ohlc: {
    words: "open-high-low-close chart",
    ...drawnByFull,
    ...days,
    needs: ["open", "high", "low", "close"],
  },
  candlestick: {
    words: "candlestick chart",
    ...drawnByFull,
    ...days,
    needs: ["open", "high", "low", "close"],
  },
  carpet: { words: "carpet", ...drawnByFull, area: "xy", together: [], needs: ["y"] },
  scattercarpet: {
    words: "points on a carpet",
    ...drawnByFull,
    area: "xy",
    together: ["a", "b"],
    needs: ["a", "b"],
  },
  contourcarpet: { words: "contours on a carpet", ...drawnByFull, area: "xy", together: [], needs: ["z"] },
  scatterpolar: { words: "polar plot", ...drawnByFull, ...polar },
  barpolar: { words: "polar bar chart", ...drawnByFull, ...polar },
  scattersmith: {
    words: "Smith chart",
    ...drawnByFull,
    area: "smith",
    together: ["real", "imag"],
    needs: ["real", "imag"],
  },
  sunburst: { words: "sunburst chart", ...drawnByFull, ...tree },
  treemap: { words: "tree map", ...drawnByFull, ...tree },
  icicle: { words: "icicle chart", ...drawnByFull, ...tree },
  funnelarea: { words: "funnel-area chart", ...drawnByFull, ...parts },
  sankey: { words: "Sankey diagram", ...drawnByFull, area: "domain", together: [], needs: ["link"] },
  parcats: {
    words: "parallel categories",
    ...drawnByFull,
    area: "domain",
    together: [],
    needs: ["dimensions"],
  },
  indicator: {
    words: "indicator",
    ...drawnByFull,
    area: "domain",
    together: [],
    needs: ["value|delta|gauge"],
  },
  table: { words: "table", ...drawnByFull, area: "domain", together: [], needs: ["header|cells"] },
  scattergl: { words: "line or point plot", bundle: "full", still: { as: "scatter" }, ...xy },
  scatterpolargl: { words: "polar plot", bundle: "full", still: { as: "scatterpolar" }, ...polar },
  splom: { words: "scatter-plot matrix", ...webgl, area: "xy", together: [], needs: ["dimensions"] },
  parcoords: { words: "parallel coordinates", ...webgl, area: "domain", together: [], needs: ["dimensions"] },
  scatter3d: { words: "3-D scatter plot", ...projected, ...points3d },
  surface: { words: "3-D surface", ...projected, area: "scene", together: [], needs: ["z"], matrix: true },
  mesh3d: { words: "3-D mesh", ...webgl, ...points3d },
  isosurface: { words: "3-D isosurface", ...webgl, ...volume },
  volume: { words: "3-D volume", ...webgl, ...volume },
  cone: { words: "3-D cones", ...webgl, ...arrows3d },
  streamtube: { words: "3-D stream tubes", ...webgl, ...arrows3d },
  scattergeo: { words: "map with points", ...network, area: "geo", ...places, needs: ["lon|locations"] },
  choropleth: {
    words: "coloured map",
    ...network,
    area: "geo",
    together: ["locations", "z"],
    needs: ["locations", "z"],
  },
  scattermap: { words: "map with points", ...network, area: "map", ...places, needs: ["lon", "lat"] },
  choroplethmap: {
    words: "coloured map",
    ...network,
    area: "map",
    together: ["locations", "z"],
    needs: ["locations", "z"],
  },
  densitymap: {
    words: "density map",
    ...network,
    area: "map",
    together: ["lon", "lat", "z"],
    needs: ["lon", "lat"],
  },
} as const satisfies Record<string, TraceKind>;

export type TraceType = keyof typeof traceKinds;

export const traceTypes = Object.keys(traceKinds) as readonly TraceType[];

export function isTraceType(type: unknown): type is TraceType {
  return typeof type === "string" && Object.hasOwn(traceKinds, type);
}

export function traceKind(type: TraceType): TraceKind {
  return traceKinds[type];
}

/** Kinds that earlier versions of Plotly had, and what draws them now. */
export const formerKinds: Readonly<Record<string, TraceType>> = {
  scattermapbox: "scattermap",
  choroplethmapbox: "choroplethmap",
  densitymapbox: "densitymap",
  heatmapgl: "heatmap",
  pointcloud: "scattergl",
  area: "barpolar",
};
