import { useEffect } from "react";

/**
 * Stands in for `react-style-singleton` in the build (see vite.config.ts), which Radix's dialogs and menus keep the page
 * behind them still with. That one writes a style element, which the content security policy refuses; a style sheet that is
 * adopted as an object is none.
 */
export function stylesheetSingleton(): { add: (css: string) => void; remove: () => void } {
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

type UseStyle = (css: string, isDynamic?: boolean) => void;

export function styleHookSingleton(): UseStyle {
  const sheet = stylesheetSingleton();
  return (css, isDynamic) => {
    // As the original does: styles that are not dynamic stay as they were when they first came.
    const key = isDynamic === true ? css : null;
    useEffect(() => {
      sheet.add(css);
      return () => sheet.remove();
    }, [key]);
  };
}

export function styleSingleton(): (props: { styles: string; dynamic?: boolean }) => null {
  const useStyle = styleHookSingleton();
  return function Sheet({ styles, dynamic }) {
    useStyle(styles, dynamic);
    return null;
  };
}
