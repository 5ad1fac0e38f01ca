using Microsoft.AspNetCore.Http;
using SparkTrain.Http;

namespace SparkTrain.Serving;

/// <summary>What is refused, in OpenAI's terms.</summary>
internal static class Refusals
{
    extension(ApiException error)
    {
        /// <summary>Whose fault it is, by OpenAI's names.</summary>
        public string Type => error.Status switch
        {
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        };

        /// <summary>Refuses a field of a request.</summary>
        public static ApiException Refuse(string field, string message, string? code = null) => new(StatusCodes.Status400BadRequest, $"{field} {message}", field, code);

        /// <summary>Words why a job failed.</summary>
        public static ApiException Of(GenerationException failure) => failure.Failure switch
        {
            GenerationFailure.QueueFull => new(StatusCodes.Status429TooManyRequests, failure.Message, code: "queue_full"),
            GenerationFailure.Stopping => new(StatusCodes.Status503ServiceUnavailable, failure.Message, code: "stopping"),
            GenerationFailure.Memory => new(StatusCodes.Status503ServiceUnavailable, failure.Message, code: "no_memory"),
            GenerationFailure.SlowReader => new(StatusCodes.Status408RequestTimeout, failure.Message, code: "slow_reader"),
            GenerationFailure.BrokenModel => new(StatusCodes.Status500InternalServerError, failure.Message, code: "broken_model"),
            _ => new(StatusCodes.Status500InternalServerError, failure.Message, code: "internal_error"),
        };
    }
}
