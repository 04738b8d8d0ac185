// Passkeys: hands a form's options to the browser, and sends what it answers with the form.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
	const [button, status] = [form.querySelector("button"), form.querySelector("[role=status]")];
	const create = form.dataset.passkey === "create";
	const read = create ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";

	if (!window.PublicKeyCredential?.[read]) {
		status.textContent = "This browser knows no passkeys, or is too old.";
		continue;
	}
	status.textContent = "";
	button.disabled = false;

	form.addEventListener("submit", async event => {
		event.preventDefault();
		button.disabled = true;
		status.textContent = "Your browser asks you …";
		try {
			const publicKey = PublicKeyCredential[read](JSON.parse(form.dataset.options));
			const made = await navigator.credentials[create ? "create" : "get"]({ publicKey });
			form.elements.answer.value = JSON.stringify(made.toJSON());
			form.submit();
		} catch (error) {
			button.disabled = false;
			status.textContent = error.name === "InvalidStateError" ? "This passkey is here already."
				: error.name === "NotAllowedError" ? "It was cancelled, or took too long. Try again."
				: "It did not work: " + error.message;
		}
	});
}
