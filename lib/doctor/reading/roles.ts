import type { Param } from "./source.js";

/** What a parameter of the examined code stands for. */
export type Role =
  | "x"
  | "W"
  | "b"
  | "gamma"
  | "beta"
  | "dy"
  | "y"
  | "cache"
  | "kernel"
  | "KH"
  | "KW"
  | "stride"
  | "SH"
  | "SW"
  | "pad"
  | "PH"
  | "PW"
  | "N"
  | "C"
  | "H"
  | "width"
  | "F"
  | "OH"
  | "OW"
  | "in"
  | "out"
  | "xShape"
  | "wShape"
  | "yShape"
  | "options"
  | "training"
  | "mode"
  | "rng"
  | "seed"
  | "slope"
  | "p"
  | "keep"
  | "eps"
  | "momentum"
  | "runningMean"
  | "runningVar"
  | "hasBias"
  | "lr"
  | "labels"
  | "reduction"
  | "name"
  | "count"
  | "extra";

/** Names in lower case without underscores, by role; the first role that knows a name is its most likely one. */
const names: readonly (readonly [Role, string])[] = [
  [
    "dy",
    "dy col cols columns colmatrix xcol colx patches matrix dcol dcols dout gradoutput gradout grad g gout dz dl dldy delta upstream upstreamgrad outgrad outputgrad gradient grady gradienty dnext dvalues topdiff error err dh da dr ds go doutput outputgradient gradientoutput gradoutputs dloss dlossdy dldout dldo dydx dlout gy dupstream nextgrad gradnext grads dy2 dout4d dlogits d deltas dnextlayer gradfromnext incoming incominggrad dledy gradz dldz",
  ],
  [
    "x",
    "x input inputs inp image images img imgs data feature features a aprev z bottom src xs batch xin inx x4d inputdata layerinput tensor xbatch v val value act activation activations prev h0 logits scores matrix mat arr array values in pred preds prediction predictions yhat ypred output outputs yp",
  ],
  [
    "W",
    "w weight weights wt filter filters theta kernels wgt ws w1 weightmatrix kern kernel wts params2 kernelweights filterweights mask2d",
  ],
  ["b", "b bias biases bs b1 biasvector"],
  ["gamma", "gamma g scale weight gam"],
  ["beta", "beta shift bias b bet offset"],
  [
    "cache",
    "cache ctx context saved mem memory state tape cached fwdcache forwardcache store savedtensors cch aux mask masks argmax indices idx maxidx maxindices switches ind winners positions",
  ],
  [
    "kernel",
    "kernel k kernelsize ksize size filtersize poolsize window windowsize kernelshape pool kernelsz fsize ks kdim winsize filter f poolingsize pools kernelpx sz",
  ],
  [
    "KH",
    "kh kernelh kernelheight kheight filterh filterheight poolh poolheight fh hh khgt windowh kr r hf ky",
  ],
  ["KW", "kw kernelw kernelwidth kwidth filterw filterwidth poolw poolwidth fw ww windoww kc q wf kx"],
  ["stride", "stride s step strides st strd stridesize"],
  ["SH", "sh strideh stridey sy strideheight"],
  ["SW", "sw stridew stridex sx stridewidth"],
  ["pad", "pad padding p pads zeropad padsize zeropadding paddings padwidth amountpad padpx padamount"],
  ["PH", "ph padh pady padheight padtop padrows"],
  ["PW", "pw padw padx padleft padcols"],
  ["N", "n batch batchsize bs nsamples numsamples samples m nb batchn nimages numimages bsz b numexamples"],
  [
    "C",
    "c cin inc inchannels channels ci inputchannels depth inch chin nchannels numchannels cinput indepth channelsin ic nin features inplanes",
  ],
  ["H", "h height hin inh inputheight ih imgh imageheight xh hinput rows nrows inheight"],
  ["width", "w width win inw inputwidth iw imgw imagewidth xw wid winput cols ncols inwidth wx ww"],
  [
    "F",
    "f cout outc outchannels co outputchannels numfilters nf nfilters outch chout outdepth filters k numkernels nkernels channelsout oc nout outplanes coutput features m",
  ],
  ["OH", "oh outh outheight hout outputheight yh hy hh ho outrows"],
  ["OW", "ow outw outwidth wout outputwidth yw wy wo outcols"],
  [
    "in",
    "in inc infeatures nin indim inputsize inputdim fanin d din insize nfeatures inputfeatures inputs ninputs numinputs i dimin idim inputunits nx m inn inlen",
  ],
  [
    "out",
    "out outfeatures nout outdim outputsize outputdim fanout dout outsize units outputfeatures outputs noutputs numoutputs o hidden dimout odim n neurons numunits m ny outlen",
  ],
  [
    "xShape",
    "xshape inputshape inshape xdims inputdims shape dims imageshape imgshape origshape inputsize originalshape xsize inputdim xsh",
  ],
  ["wShape", "wshape weightshape kernelshape filtershape wdims"],
  ["yShape", "yshape outputshape outshape ydims doutshape gradshape"],
  ["y", "y out output o result res a top fx yhat activated s probs yout"],
  ["training", "training train istraining istrain trainflag trainflg trainmode isintraining trainphase"],
  ["mode", "mode phase"],
  ["rng", "rng random rand generator prng rnd randomfn randfn gen rngfn r"],
  ["seed", "seed randomseed"],
  ["slope", "slope alpha negativeslope leak leakiness a negslope leakslope k neg leaky leakrate"],
  [
    "p",
    "p prob rate droprate dropprob probability dropoutrate dropoutprob dropprobability dropout dropoutratio ratio pdrop",
  ],
  ["keep", "keep keepprob keepprobability pkeep keeprate q retain"],
  ["eps", "eps epsilon e"],
  ["momentum", "momentum mom m decay rho alpha mu"],
  ["runningMean", "runningmean movingmean rmean runmean mean mu rm"],
  ["runningVar", "runningvar runningvariance movingvar movingvariance rvar runvar var variance rv"],
  ["hasBias", "usebias hasbias withbias biased"],
  ["lr", "lr learningrate eta rate alpha stepsize learnrate"],
  [
    "labels",
    "labels label y target targets t ytrue truth gt classes yt onehot ys tgt trueLabels answers expected",
  ],
  [
    "options",
    "options opts opt config cfg conf param params convparam poolparam bnparam convparams poolparams settings args hp attrs spec geo geom hyper hyperparams props cp o dropoutparam parameters c p desc meta info layerparams kw context ctx dims",
  ],
  ["reduction", "reduction reduce"],
  ["name", "name label id layername"],
];

const byName = new Map<string, Role[]>();
for (const [role, list] of names)
  for (const name of list.split(" ")) {
    const roles = byName.get(name.toLowerCase()) ?? [];
    if (!roles.includes(role)) roles.push(role);
    byName.set(name.toLowerCase(), roles);
  }

/** Upper and lower case decide a few single letters: `W` is the weight before it is the width, `w` too, `H` the height. */
export function plainName(name: string): string {
  return name.replace(/[_$]/g, "").toLowerCase();
}

/** Roles that a name may have, the most likely first. */
export function rolesOf(name: string): readonly Role[] {
  const plain = plainName(name);
  return (
    byName.get(plain) ??
    byName.get(plain.replace(/(tensor|array|arr|matrix|mat|data|vec|vector|raw|flat|in|batch)$/, "")) ??
    []
  );
}

/**
 * Assignments of roles to parameters, the most likely first: each parameter takes one of the roles that its name allows
 * and the site offers; a name that says nothing takes a role that is still missing, in the site's order.
 * @param offered roles that make sense at this site, in the usual order of parameters
 */
export function assignments(params: readonly Param[], offered: readonly Role[], most = 24): Role[][] {
  const found: { roles: Role[]; cost: number }[] = [];
  const walk = (at: number, roles: Role[], cost: number): void => {
    if (found.length > 400) return;
    if (at === params.length) {
      found.push({ roles, cost });
      return;
    }
    const param = params[at];
    if (param.rest) {
      walk(at + 1, roles, cost);
      return;
    }
    // `{ shape, data }` is a tensor taken apart, not a record of options
    const apart = param.keys?.includes("data") === true && param.keys.includes("shape");
    if (param.name === "" && !apart) {
      walk(at + 1, [...roles, "options"], cost);
      return;
    }
    const free = (role: Role) => offered.includes(role) && (!roles.includes(role) || role === "options");
    const named = rolesOf(param.name).filter(free);
    for (const [rank, role] of named.entries()) {
      walk(at + 1, [...roles, role], cost + rank * 2 + order(role, roles, offered));
    }
    if (named.length > 0) return;
    const missing = offered.filter(free);
    for (const [rank, role] of missing.slice(0, 4).entries()) walk(at + 1, [...roles, role], cost + 6 + rank);
    walk(at + 1, [...roles, "extra"], cost + (param.optional ? 5 : 12));
  };
  walk(0, [], 0);
  found.sort((a, b) => a.cost - b.cost);
  return found.slice(0, most).map(({ roles }) => roles);
}

/** A small price for roles that stand before one that usually comes earlier. */
function order(role: Role, before: readonly Role[], offered: readonly Role[]): number {
  return before.some((r) => offered.indexOf(r) > offered.indexOf(role)) ? 1 : 0;
}
