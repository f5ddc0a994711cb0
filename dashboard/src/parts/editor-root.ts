/**
 * The shadow root of an element, made once. Inside one the editor adopts its style sheets as objects; in the page itself it
 * would write a style element, which the content security policy refuses.
 */
export function editorRoot(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: "open" });
}
