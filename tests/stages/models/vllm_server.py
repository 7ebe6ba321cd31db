"""Answers in vLLM's own form, with the numbers of a small Qwen2-Audio that `transformers` runs, not our adapter.

The form is that of vLLM from 0.10 on (its ``ChatCompletionRequest``, ``ChatCompletionResponse``, ``Logprob``): a prompt
is rendered as one text and tokenised as a whole, the placeholder of the sound is repeated, ``prompt_logprobs`` has one
entry for each token (the first is null; the prompt's own token comes first, then the most probable), minus infinity
becomes -9999.0, ``usage.prompt_tokens`` counts the placeholders.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import soundfile
import torch
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

from tests.stages.models.odd_server import Json, Reply

MOST_LOGPROBS = 20
"""vLLM's ``--max-logprobs``."""


class Engine:
    """A model behind the form.

    Parameters
    ----------
    checkpoint : Path
    template : str, optional
        A chat template in place of the checkpoint's own.
    most : int
        Largest number of log-probabilities that it gives for a token.
    tells_ids : bool
        Whether it knows ``return_token_ids``, as versions from 0.10 do.
    """

    def __init__(self, checkpoint: Path, template: str = "", most: int = MOST_LOGPROBS, tells_ids: bool = True) -> None:
        self.model = Qwen2AudioForConditionalGeneration.from_pretrained(checkpoint).eval()
        self.processor = AutoProcessor.from_pretrained(checkpoint)
        self.template = template or self.processor.chat_template
        self.most = most
        self.tells_ids = tells_ids

    @torch.no_grad()
    def reply(self, question: Json) -> Reply:
        """Return the status and the body for a question."""
        if refusal := self._refusal(question):
            error = {"message": refusal, "type": "BadRequestError", "param": None, "code": 400}
            return 400, json.dumps({"error": error})
        try:
            prompt = self._prompt(question)
        except ValueError as error:  # a template that does not hold the answer
            return 400, json.dumps({"error": {"message": str(error), "type": "BadRequestError", "code": 400}})
        length = prompt["input_ids"].shape[1]
        made = self.model.generate(
            **prompt, max_new_tokens=question["max_tokens"], do_sample=False, output_logits=True,
            return_dict_in_generate=True,
        )  # fmt: skip
        ids = made.sequences[0, length:].tolist()
        text = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
        logprobs = None
        if question.get("logprobs"):
            scores = [torch.log_softmax(logits[0].float(), -1) for logits in made.logits]
            top = question.get("top_logprobs", 0)
            logprobs = {"content": [self._sampled(at, of, top) for at, of in zip(ids, scores, strict=True)]}
        message = {"role": "assistant", "content": text, "refusal": None, "reasoning": None, "audio": None}
        body: Json = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": question["model"],
            "choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "length"}],
            "usage": {"prompt_tokens": length, "total_tokens": length + len(ids), "completion_tokens": len(ids)},
            "prompt_logprobs": None,
        }
        if question.get("prompt_logprobs") is not None:
            body["prompt_logprobs"] = self._prompt_logprobs(prompt, question["prompt_logprobs"])
        if self.tells_ids and question.get("return_token_ids"):
            body["prompt_token_ids"] = prompt["input_ids"][0].tolist()
        return 200, json.dumps(body, allow_nan=False)  # as its web server does

    def _refusal(self, question: Json) -> str:
        asked = question.get("prompt_logprobs")
        if asked is not None and question.get("stream"):
            return "`prompt_logprobs` are not available when `stream=True`."
        if asked is not None and asked > self.most:
            return f"Requested prompt logprobs of {asked}, which is greater than max allowed: {self.most}"
        top = question.get("top_logprobs", 0)
        if top > self.most:
            return f"Requested sample logprobs of {top}, which is greater than max allowed: {self.most}"
        if question.get("continue_final_message") and question.get("add_generation_prompt", True):
            return "Cannot set both `continue_final_message` and `add_generation_prompt` to True."
        return ""

    def _prompt(self, question: Json) -> Json:
        messages, sounds = [], []
        for message in question["messages"]:
            content = message["content"]
            if not isinstance(content, str):
                for part in content:
                    if part["type"] == "input_audio":
                        data = base64.b64decode(part["input_audio"]["data"])
                        sounds.append(soundfile.read(io.BytesIO(data), dtype="float32")[0])
                content = [{"type": "audio"} if part["type"] == "input_audio" else part for part in content]
            messages.append({"role": message["role"], "content": content})
        text = self.processor.tokenizer.apply_chat_template(
            messages,
            chat_template=self.template,
            tokenize=False,
            add_generation_prompt=question.get("add_generation_prompt", True),
            continue_final_message=question.get("continue_final_message", False),
        )
        return dict(self.processor(text=text, audio=sounds, sampling_rate=16_000, return_tensors="pt"))

    def _prompt_logprobs(self, prompt: Json, number: int) -> list[Json | None]:
        ids = prompt["input_ids"][0].tolist()
        logits = self.model(**prompt).logits[0].float()
        assert len(logits) == len(ids)
        scores = torch.log_softmax(logits, -1)
        return [None, *(self._place(token, of, number) for token, of in zip(ids[1:], scores, strict=False))]

    def _place(self, token: int, scores: torch.Tensor, number: int) -> Json:
        best = scores.topk(number) if number else None
        ids = [token, *(best.indices.tolist() if best else [])]
        ranks = [int((scores >= scores[token]).sum()), *range(1, number + 1)]
        # The own token stands first; where it is among the best, the later rank replaces the earlier one in its place.
        return {
            str(at): {"logprob": max(float(scores[at]), -9999.0), "rank": rank, "decoded_token": self._name(at)}
            for at, rank in zip(ids, ranks, strict=True)
        }

    def _sampled(self, token: int, scores: torch.Tensor, number: int) -> Json:
        best = scores.topk(number) if number else None
        top = [self._entry(at, scores) for at in (best.indices.tolist() if best else [])]
        return {**self._entry(token, scores), "top_logprobs": top}

    def _entry(self, token: int, scores: torch.Tensor) -> Json:
        name = self._name(token)
        return {"token": name, "logprob": max(float(scores[token]), -9999.0), "bytes": list(name.encode())}

    def _name(self, token: int) -> str:
        return str(self.processor.tokenizer.decode([token]))
