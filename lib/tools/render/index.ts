export { renderSmallPng } from "./raster.js";
export { renderSvg } from "./svg.js";
