// Where the console starts: theme, session, then the sign-in page or the map.

import "./styles/base.css";
import "./styles/workspace.css";
import "./styles/map.css";
import "./styles/panels.css";
import "./styles/journey.css";
import "./styles/replay.css";
import "./styles/desk.css";
import "./styles/booking.css";
import "./styles/money.css";
import "./styles/alerts.css";
import "./styles/rules.css";
import "./styles/system.css";
import "./styles/mine.css";
import { SessionKeeper } from "./api/session";
import { chosenBase } from "./map/base_choice";
import { Theme } from "./theme";
import { signInPage } from "./ui/sign_in";
import { Workspace } from "./workspace";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no #app");

const theme = new Theme();
const session = new SessionKeeper();
session.restore();
let open = false;

session.current.watch((current) => {
  if (current !== null && !open) {
    open = true;
    void chosenBase().then((base) => new Workspace(root, session, theme, base));
  } else if (current === null && open) {
    // A fresh page is the surest way to forget everything the last session has shown.
    location.reload();
  } else if (current === null) {
    root.replaceChildren(signInPage(session));
  }
});
