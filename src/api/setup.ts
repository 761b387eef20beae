/** What must be in place before anything runs: the evaluator (by importing the backend) and the tensors' methods. */
import { installMethods } from "../numpy/methods.js";
// once more without a name: declaration files keep only such imports, and this one brings the methods' types
import "../numpy/methods.js";
import "./backend.js";

installMethods();
