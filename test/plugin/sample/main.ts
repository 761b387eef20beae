import { array } from "tilework";
import { slope } from "./activation.js";
import { halve } from "./directive.js";
import { cube, early } from "./literal.js";
import { Net } from "./model.js";
import { newton } from "./newton.js";

const ones = array([1, 1, 1]);
const results = {
  newton: newton(2).item(),
  slopes: [slope(3).item(), slope(-3).item()],
  forward: new Net([1, 2, 3]).forward(ones).js(),
  stopped: new Net([30, 40, 50]).forward(ones).js(),
  halved: halve(array([1, 6, 3])).js(),
  literal: [early.item(), cube(2).item()],
};
if (typeof document === "undefined") console.log(JSON.stringify(results));
else fetch("/report", { method: "POST", body: JSON.stringify(results) });
