// The township's form: the grid, or on a narrow screen the cards, over one model.

import { Desk } from "../sheet/desk.js";
import { attach } from "../sheet/keeping/index.js";
import { readPayload } from "../sheet/payload.js";

void attach(new Desk(readPayload()));
