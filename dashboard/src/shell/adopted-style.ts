import { useEffect } from "react";

/**
 * Stands in for `react-style-singleton` in the build (see vite.config.ts), which Radix's dialogs and menus keep the page
 * behind them still with. That one writes a style element, which the content security policy refuses; a style sheet that is
 * adopted as an object is none.
 *
 * @returns a component whose styles are in force while any of it is shown; the first one's, unless they are dynamic
 */
export function styleSingleton(): (props: { styles: string; dynamic?: boolean }) => null {
  const shared = shareSheet();
  return function Sheet({ styles, dynamic }) {
    const key = dynamic === true ? styles : null;
    // Styles that are not dynamic stay as they were when they first came, so `key` alone says when to take them anew.
    useEffect(() => {
      shared.add(styles);
      return () => shared.remove();
    }, [key]);
    return null;
  };
}

function shareSheet(): { add: (css: string) => void; remove: () => void } {
  let users = 0;
  let sheet: CSSStyleSheet | null = null;
  return {
    add: (css) => {
      users++;
      if (users > 1) return;
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove: () => {
      users--;
      if (users > 0) return;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
      sheet = null;
    },
  };
}
