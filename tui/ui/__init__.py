"""The user interface: the only importer of Textual, and no importer of a gateway.

How a screen is built here:

- A module in `screens/`, a style file of the same name in `styles/`. It subclasses `BatchScreen` (title line, footer,
  `esc`, `--read-only`), yields its widgets in `compose_body`, and sets `title_line.heading` and `.state`. Dialogs
  subclass `ModalScreen[T]` and `dismiss` with a value; whoever pushed them decides. `ConfirmDialog` asks a `Question`.
- A screen is given `AppServices` and values, and reaches nothing else. A call that blocks goes through
  `services.run_blocking`, in an async worker; a long-lived source of events goes through `bridge`, one message a batch.
- What is shown is decided by pure code in `core` or in a `*_words` module, and taken over by a widget's verb (`show`).
  Nobody queries the children of another's widget.
- `feed` or a verb like it is the one way in, so that a test shows canned state without a thread.
- Each `Binding` has an id, a description and a tooltip: footer, help and palette are made of them. An action that
  changes or deletes something at the service is a `DangerousBinding`.
- Panels carry the class `panel`, their name in `border_title`, the age of remote data in `border_subtitle`. No box
  inside a box. Only theme tokens; a state is a class, a tone comes from `text.toned`, always with glyph and word.
- Text from outside passes `text.safe` (one line) or `LogTail` (output), and never goes into markup: use `Content`.
- Widths: `-narrow` below 100 columns, `-wide` from 150, as classes on the screen. What leaves first is said in the
  style file.
"""
