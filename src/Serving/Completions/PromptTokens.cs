using System.Globalization;
using Microsoft.AspNetCore.Http;
using SparkTrain.Http;
using SparkTrain.Input;
using SparkTrain.Tokenizers;

namespace SparkTrain.Serving;

/// <summary>Turns what a client asks for into what the scheduler runs.</summary>
internal sealed class PromptTokens(ServedModel model, SchedulerOptions limits)
{
    /// <summary>Returns a request for each prompt. All have the same seed, so that a prompt in a list is continued as it would be alone.</summary>
    /// <exception cref="ApiException">A prompt does not fit the model or the server, or the request is for another model.</exception>
    /// <exception cref="OperationCanceledException">The client has left.</exception>
    public IReadOnlyList<GenerationRequest> Prepare(CompletionRequest request, CancellationToken left)
    {
        if (request.Model is { } name && name != model.Name)
            throw new ApiException(StatusCodes.Status404NotFound, $"There is no such model; this server has '{model.Name}'.", "model", "model_not_found");
        if (request.Prompts.Count > limits.Queue) throw ApiException.Refuse("prompt", $"has {request.Prompts.Count} prompts; this server takes at most {limits.Queue} in a request.");
        if (model.IsScreened && request.LogProbs is not null) throw ApiException.Refuse("logprobs", "cannot be told: this server was started with --screen, so that most logits are approximate.");
        long seed = request.Seed ?? Random.Shared.NextInt64();
        return [.. request.Prompts.Select(prompt => Prepare(request, prompt, seed, left))];
    }

    private GenerationRequest Prepare(CompletionRequest request, PromptInput prompt, long seed, CancellationToken left)
    {
        var config = model.Decoder.Config;
        int[] tokens = prompt.Tokens ?? Encode(prompt.Text!, left);
        if (tokens.Length == 0) throw ApiException.Refuse("prompt", "is a list of no token; it must have at least one.");
        if (Array.FindIndex(tokens, token => token < 0 || token >= config.VocabSize) is >= 0 and var at)
            throw ApiException.Refuse("prompt", string.Create(CultureInfo.InvariantCulture, $"has token {tokens[at]}; ids are from 0 to {config.VocabSize - 1}."));
        if ((long)tokens.Length + request.MaxTokens > config.MaxSeqLen)
            throw ApiException.Refuse("prompt", string.Create(CultureInfo.InvariantCulture, $"has {tokens.Length} tokens, and max_tokens is {request.MaxTokens}; together they may be at most {config.MaxSeqLen}, the model's length."), "context_length_exceeded");
        var generation = new GenerationRequest
        {
            Prompt = tokens, MaxTokens = request.MaxTokens, Choices = request.Choices, Sampling = request.Sampling with { Seed = seed },
            Stops = request.Stops, LogProbs = request.LogProbs, ScoresPrompt = request.Echo && request.LogProbs is not null,
        };
        return limits.Problem(generation) is { } problem ? throw new ApiException(StatusCodes.Status400BadRequest, $"The request asks for {problem}.", code: "too_large") : generation;
    }

    private int[] Encode(string text, CancellationToken left)
    {
        try
        {
            return [.. model.Tokenizer.EncodeFromStart(text, left)];
        }
        catch (DataException e)
        {
            throw ApiException.Refuse("prompt", $"is a text that the model's tokenizer cannot take: {e.Found}.", "unfit_text");
        }
    }
}
