// The page as one sentence: show what answers, try a text, score a file, and with accounts: who am I.
import { startAccount } from "./account.js";
import { startFile } from "./file.js";
import { startModel } from "./model.js";
import { startTrying } from "./try.js";

startModel();
startTrying();
startFile();
if (document.body.dataset.accounts === "on") startAccount();
