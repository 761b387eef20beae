/** What must be in place before anything runs: the evaluator (by importing the backend) and the tensors' methods. */
import { installMethods } from "../numpy/methods.js";
import "./backend.js";

installMethods();
