/** Another URL that may have been signed, and how it differs. */
export interface UrlVariant {
  readonly url: string;
  readonly what: string;
}

/** What proxies and typing do to a URL. Each costs one trial (or a few, where a scheme has spellings). At most 8. */
export function* urlVariants(url: string, requestUrl: string): Generator<UrlVariant> {
  if (url.startsWith("https://")) yield { url: `http://${url.slice(8)}`, what: "with http instead of https" };
  if (url.startsWith("http://")) yield { url: `https://${url.slice(7)}`, what: "with https instead of http" };
  const [, before = "", port = "", behindPort = ""] =
    /^(https?:\/\/(?:\[[^\]]*\]|[^/?#:]*))(:\d*)?(.*)$/.exec(url) ?? [];
  if (port !== "") yield { url: before + behindPort, what: `without the port ${port.slice(1)}` };
  else if (before !== "") {
    const usual = url.startsWith("https://") ? ":443" : ":80";
    yield { url: before + usual + behindPort, what: `with the port ${usual.slice(1)}` };
    const seen = /^https?:\/\/(?:\[[^\]]*\]|[^/?#:]*)(:\d+)/.exec(requestUrl)?.[1] ?? usual;
    if (seen !== usual) yield { url: before + seen + behindPort, what: `with the port ${seen.slice(1)}` };
  }
  const [path = "", query] = url.split("?", 2);
  const behind = query === undefined ? "" : `?${query}`;
  if (path.endsWith("/")) yield { url: path.slice(0, -1) + behind, what: "without the slash at the end of the path" };
  else yield { url: `${path}/${behind}`, what: "with a slash at the end of the path" };
  if (query !== undefined) yield { url: path, what: "without its query" };
  if (requestUrl !== url && requestUrl.includes("://")) yield { url: requestUrl, what: "as this receiver saw it" };
}
