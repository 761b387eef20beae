/** `node --import tilework/register app.ts`: source capture in Node without a build. */
import { install } from "./install.js";

install({ own: false });
