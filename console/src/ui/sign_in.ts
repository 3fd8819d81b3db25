// The sign-in page: client id and secret, and a clear word when they do not work.

import { type SessionKeeper, SignInError } from "../api/session";
import { h } from "./dom";

export function signInPage(session: SessionKeeper): HTMLElement {
  const id = h("input", {
    id: "client-id",
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
  });
  const secret = h("input", {
    id: "client-secret",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const message = h("p", { class: "notice", role: "alert" });
  const farewell = session.takeFarewell();
  message.textContent = farewell ?? "";
  message.hidden = farewell === null;
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    button.disabled = true;
    button.textContent = "Signing in …";
    message.hidden = true;
    try {
      await session.signIn(id.value.trim(), secret.value);
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      message.textContent = error.message;
      message.hidden = false;
      message.classList.add("bad");
      secret.select();
    } finally {
      button.disabled = false;
      button.textContent = "Sign in";
    }
  };

  const page = h(
    "main",
    { class: "sign-in" },
    h(
      "form",
      { onsubmit: submit },
      h("div", { class: "brand" }, h("span", { class: "mark" }), "UberTruck"),
      h("h1", {}, "Dispatch console"),
      message,
      h("label", { for: "client-id" }, "Client id"),
      id,
      h("label", { for: "client-secret" }, "Secret"),
      secret,
      button,
      h(
        "p",
        { class: "hint" },
        "Your administrator gives you both. On a development installation: ",
        h("code", {}, "demo-dispatcher"),
        " with the secret ",
        h("code", {}, "demo-dispatcher-secret"),
        ".",
      ),
    ),
  );
  queueMicrotask(() => id.focus());
  return page;
}
