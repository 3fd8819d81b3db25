// The sign-in page: a client with its secret, or a person, and a clear word when it does not work.

import { type SessionKeeper, SignInError } from "../api/session";
import { h, replace } from "./dom";
import { personForm } from "./sign_in_person";

// Who signs in as a person does so the next time, too.
const WAY_KEY = "ubertruck.sign-in";

/** A form of the page: what is typed, and what its button does. */
export interface SignInForm {
  fields: HTMLElement[];
  hint: HTMLElement;
  first: HTMLInputElement;
  /** What it throws is said above the fields. */
  submit: () => Promise<void>;
  failed?: (error: SignInError) => void;
}

export function signInPage(session: SessionKeeper): HTMLElement {
  const page = h("main", { class: "sign-in" });
  const show = (way: string): void => {
    localStorage.setItem(WAY_KEY, way);
    draw(page, session, way, show);
  };
  draw(page, session, localStorage.getItem(WAY_KEY) ?? "client", show);
  return page;
}

function draw(
  page: HTMLElement,
  session: SessionKeeper,
  way: string,
  show: (way: string) => void,
): void {
  const isPerson = way === "person";
  const form = isPerson ? personForm(session) : clientForm(session);
  const message = h("p", { class: "notice", role: "alert" });
  const farewell = session.takeFarewell();
  message.textContent = farewell ?? "";
  message.hidden = farewell === null;
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void send(form, button, message);
  };
  const other = isPerson ? "Use a client id instead" : "Use your e-mail address instead";
  const turn = (): void => show(isPerson ? "client" : "person");
  replace(
    page,
    h(
      "form",
      { onsubmit: submit },
      h("div", { class: "brand" }, h("span", { class: "mark" }), "UberTruck"),
      h("h1", {}, "Dispatch console"),
      message,
      ...form.fields,
      button,
      form.hint,
      h("button", { type: "button", class: "link", onclick: turn }, other),
    ),
  );
  queueMicrotask(() => form.first.focus());
}

async function send(
  form: SignInForm,
  button: HTMLButtonElement,
  message: HTMLElement,
): Promise<void> {
  button.disabled = true;
  button.textContent = "Signing in …";
  message.hidden = true;
  try {
    await form.submit();
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    message.textContent = error.message;
    message.hidden = false;
    message.classList.add("bad");
    form.failed?.(error);
  } finally {
    button.disabled = false;
    button.textContent = "Sign in";
  }
}

function clientForm(session: SessionKeeper): SignInForm {
  const id = h("input", {
    ...{ id: "client-id", name: "username", autocomplete: "username", required: true },
    ...{ autocapitalize: "none", spellcheck: "false" },
  });
  const secret = h("input", {
    ...{ id: "client-secret", name: "password", type: "password", required: true },
    autocomplete: "current-password",
  });
  const hint = h(
    "p",
    { class: "hint" },
    "Your administrator gives you both. On a development installation: ",
    h("code", {}, "demo-dispatcher"),
    " with the secret ",
    h("code", {}, "demo-dispatcher-secret"),
    ".",
  );
  return {
    fields: [
      h("label", { for: "client-id" }, "Client id"),
      id,
      h("label", { for: "client-secret" }, "Secret"),
      secret,
    ],
    hint,
    first: id,
    submit: () => session.signIn(id.value.trim(), secret.value),
    failed: () => secret.select(),
  };
}
