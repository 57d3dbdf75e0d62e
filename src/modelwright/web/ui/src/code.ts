// The editor of Python that a lab has on its page, and that a lesson's block gets when it is first edited.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension, Transaction } from "@codemirror/state";
import { drawSelection, EditorView, type KeyBinding, keymap } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

export interface Wanted {
  parent: HTMLElement;
  text: string;
  label: string;
  nonce: string; // admits the one style sheet that CodeMirror makes
  keys: KeyBinding[];
  changed: () => void; // by the person, not by `replace`
  more?: Extension;
}

export function codeEditor({ parent, text, label, nonce, keys, changed, more = [] }: Wanted): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        more,
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        indentUnit.of("    "),
        EditorState.tabSize.of(4),
        new LanguageSupport(pythonLanguage),
        syntaxHighlighting(classHighlighter),
        EditorView.cspNonce.of(nonce),
        EditorView.contentAttributes.of({ "aria-label": `${label}. Escape leaves the editor.`, spellcheck: "false", autocapitalize: "off" }),
        keymap.of([...keys, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((one) => one.annotation(Transaction.remote))) changed();
        }),
      ],
    }),
  });
}

// Only the part that differs is replaced, so that the cursor and the scroll stay where they were.
export function replace(view: EditorView, text: string): void {
  const old = view.state.doc.toString();
  if (old === text) return;
  let head = 0;
  while (head < old.length && head < text.length && old[head] === text[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < text.length - head && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
  view.dispatch({
    changes: { from: head, to: old.length - tail, insert: text.slice(head, text.length - tail) },
    annotations: Transaction.remote.of(true),
  });
}
