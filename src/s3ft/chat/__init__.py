"""One chat policy for generating, judging, training and evaluating; what is trained on is checked row by row."""

from s3ft.chat.policy import Chat, Target, TemplateUnsupported, open_chat

__all__ = ["Chat", "Target", "TemplateUnsupported", "open_chat"]
