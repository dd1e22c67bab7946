/**
 * Entry of the labs' script. It makes the one bridge to Python and registers <lab-view>; both outlive Material's
 * instant navigation, under which this module is loaded once however many lab pages are visited.
 */

import { LabView } from "./page/element.js";
import { bridgeToPython } from "./python.js";

bridgeToPython();

if (!customElements.get("lab-view")) customElements.define("lab-view", LabView);
