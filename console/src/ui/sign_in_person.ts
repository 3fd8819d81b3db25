// A person's sign-in: a code, or a password of one's own, is asked for when the server wants it.

import { beginSession, choosePassword, CodeNeededError, type Granted } from "../api/person";
import { type SessionKeeper, SignInError } from "../api/session";
import { h } from "./dom";
import type { SignInForm } from "./sign_in";

export function personForm(session: SessionKeeper): SignInForm {
  const plain = { autocapitalize: "none", spellcheck: "false", required: true };
  const tenant = field("tenant", "Organisation", { ...plain, autocomplete: "organization" });
  const email = field("email", "E-mail address", {
    ...plain,
    ...{ type: "email", name: "username", autocomplete: "username" },
  });
  const password = field("password", "Password", {
    ...{ type: "password", required: true, autocomplete: "current-password" },
  });
  const code = field("code", "One-time code", { autocomplete: "one-time-code" });
  const own = field("own", "A password of your own", {
    ...{ type: "password", autocomplete: "new-password" },
  });
  for (const each of [code, own]) each.box.hidden = true;
  let granted: Granted | null = null;
  const submit = async (): Promise<void> => {
    granted ??= await beginSession({
      tenant: tenant.input.value.trim(),
      email: email.input.value.trim(),
      password: password.input.value,
      code: code.box.hidden ? null : code.input.value.trim(),
    });
    if (granted.must_change_password) {
      if (own.box.hidden) {
        for (const { input } of [tenant, email, password]) input.readOnly = true;
        throw wanted(own, "The password was for one time. Choose your own.");
      }
      granted = await choosePassword(granted, password.input.value, own.input.value);
    }
    session.signInPerson(granted);
  };
  const failed = (error: SignInError): void => {
    if (error instanceof CodeNeededError) wanted(code, error.message);
    const at = [own, code, password].find(({ box }) => !box.hidden);
    at?.input.select();
  };
  return {
    fields: [tenant, email, password, code, own].map(({ box }) => box),
    hint: h("p", { class: "hint" }, "Messages to you, and who is on call, go by your own name."),
    first: tenant.input,
    submit,
    failed,
  };
}

interface Field {
  box: HTMLElement;
  input: HTMLInputElement;
}

function field(name: string, label: string, props: Record<string, unknown>): Field {
  const input = h("input", { id: `person-${name}`, ...props });
  return { box: h("div", {}, h("label", { for: input.id }, label), input), input };
}

/** Is to be filled in from now on. */
function wanted({ box, input }: Field, why: string): SignInError {
  box.hidden = false;
  input.required = true;
  return new SignInError(why);
}
