using Sema.Onnx.Data;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Export;

/// <summary>Averages finished models of one graph: fine-tuned from the same pretrained weights, or those weights and a tuned model.</summary>
/// <remarks>
/// <para>The result is the first model with other values of its float constants (running statistics included), all else byte for byte. The
/// models must be the same graph; integer constants must be equal. Sums are in float64 and rounded once to a tensor's own type.</para>
/// <para>A model is an .onnx file, or the folder of a run, of which the averaged weights count unless others are named.</para>
/// <para>Sources: Wortsman et al., Model soups, <see href="https://arxiv.org/abs/2203.05482">arXiv:2203.05482</see>; and for the line between
/// pretrained and tuned weights, Robust fine-tuning of zero-shot models, <see href="https://arxiv.org/abs/2109.01903">arXiv:2109.01903</see>.</para>
/// </remarks>
public static class ModelSoup
{
    /// <summary>Writes the plain mean of all models.</summary>
    /// <param name="models">The models, at least two, each once.</param>
    /// <param name="output">The new .onnx file, with data files beside it where the first model has them. Files already there are replaced.</param>
    /// <param name="options">Data to evaluate the models and the mean on, if any.</param>
    /// <param name="cancellation">Ends it between two batches of an evaluation; nothing is written then.</param>
    /// <exception cref="ArgumentException">There are fewer than two models.</exception>
    /// <exception cref="ExportException">The models are not the same graph, an average is no number, or a file of a model would be overwritten. Nothing was written.</exception>
    /// <exception cref="InvalidModelException">A model is malformed.</exception>
    /// <exception cref="DataException">The data do not fit the models.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static SoupReport Uniform(IReadOnlyList<string> models, string output, SoupOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        using var cook = new SoupCook(models, output, options ?? new(), cancellation);
        cook.Judge();
        cook.Offer([.. models.Select(_ => 1.0)], models.Count);
        return cook.Serve();
    }

    /// <summary>Writes a point of the line between two models, <c>(1 − α) from + α to</c>; of several the best.</summary>
    /// <param name="from">The model at α = 0, whose bits that point has.</param>
    /// <param name="to">The model at α = 1, whose values that point has bit for bit.</param>
    /// <param name="alphas">α, in [0, 1]; several need <see cref="SoupOptions.Data"/>, and of equally good ones the first is written.</param>
    /// <param name="output">The new .onnx file, as for <see cref="Uniform"/>.</param>
    /// <param name="options">Data to evaluate each point on, if any.</param>
    /// <param name="cancellation">Ends it between two batches of an evaluation; nothing is written then.</param>
    /// <inheritdoc cref="Uniform" path="/exception[not(@cref='T:System.ArgumentException')]"/>
    /// <exception cref="ArgumentException">There is no α, or there are several and no data.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An α is out of range.</exception>
    public static SoupReport Interpolate(
        string from, string to, IReadOnlyList<double> alphas, string output, SoupOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(alphas);
        foreach (var alpha in alphas.Where(a => !(a is >= 0 and <= 1)))
            throw new ArgumentOutOfRangeException(nameof(alphas), alpha, FormattableString.Invariant($"The share α = {alpha} of the second model is out of range; it must be in [0, 1]."));
        if (alphas.Count == 0 || (alphas.Count > 1 && options?.Data is null))
            throw new ArgumentException("Give one share α of the second model, or several and data that tell which is the best.", nameof(alphas));
        using var cook = new SoupCook([from, to], output, options ?? new(), cancellation);
        foreach (var alpha in alphas)
            cook.Offer([1 - alpha, alpha], 1, evenIfEqual: false);
        return cook.Serve();
    }

    /// <summary>Writes the greedy soup: models from the best to the worst, each added to the mean if that gets no worse by it.</summary>
    /// <remarks>On the data that decide it, it is never worse than the best model.</remarks>
    /// <param name="models">The models, at least two, each once.</param>
    /// <param name="output">The new .onnx file, as for <see cref="Uniform"/>.</param>
    /// <param name="options">The data that decide, and how they are judged.</param>
    /// <param name="cancellation">Ends it between two batches of an evaluation; nothing is written then.</param>
    /// <inheritdoc cref="Uniform" path="/exception[not(@cref='T:System.ArgumentException')]"/>
    /// <exception cref="ArgumentException">There are fewer than two models, or no data.</exception>
    public static SoupReport Greedy(IReadOnlyList<string> models, string output, SoupOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Data is null)
            throw new ArgumentException("A greedy soup needs data that tell which models it is better with.", nameof(options));
        using var cook = new SoupCook(models, output, options, cancellation);
        var parts = new double[models.Count];
        foreach (var k in cook.Judge())
        {
            parts[k] = 1;
            if (!cook.Offer(parts, parts.Sum()))
                parts[k] = 0;
        }

        return cook.Serve();
    }
}
