// The page as one sentence: show what answers, try a text, score a file, and with accounts: who am I.
import { startFile } from "./file.js";
import { startModel } from "./model.js";
import { startTrying } from "./try.js";

startModel();
startTrying();
startFile();
