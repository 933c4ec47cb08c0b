using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Runtime.Elementwise;

namespace Sema.Onnx.Training;

/// <summary>Runs <c>update.onnx</c> over the arenas, in place: in one loop on the CPU where its graph is elementwise, in a session otherwise. The bits are the same.</summary>
internal abstract class UpdateRunner(Manifest manifest, Engine engine, Optimizer optimizer) : IDisposable
{
    private readonly int[] _shadows = [.. engine.Continuous];

    /// <summary>Gets the names of the scalars that a run gives.</summary>
    protected IEnumerable<string> ScalarNames =>
        [UpdateGraph.GradientScale, UpdateGraph.LearningRate, UpdateGraph.WeightDecay, UpdateGraph.Step, .. _shadows.Select((_, k) => UpdateGraph.Decay(k)), .. optimizer.Scalars];

    /// <summary>Gets the parameters.</summary>
    protected ParameterLayout Layout => manifest.Layout;

    // A session leaves alone what a graph has beyond the run, as the averages of a resumed run that asks for others, until the run is refused by name.
    internal static UpdateRunner Create(string path, Manifest manifest, Engine engine, Optimizer optimizer, SessionSettings settings)
    {
        if (settings.Looped && ElementwiseLoop.Compile(ModelReader.Read(path).Graph) is { } loop)
        {
            var update = new UpdateLoop(loop, manifest, engine, optimizer, settings);
            if (update.IsWhole)
                return update;
        }

        return new UpdateSession(path, manifest, engine, optimizer, settings);
    }

    internal abstract void Run(UpdateScalars scalars);

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Gets the vector that an input or an output of the graph stands for, if the run has it.</summary>
    protected Arena? Vector(string name) => Vectors().FirstOrDefault(v => v.Name == name || UpdateGraph.Next + v.Name == name).Arena;

    /// <summary>Gets the vectors that the graph moves.</summary>
    protected IEnumerable<(string Name, Arena Arena)> Moved() => Vectors().Where(v => v.Name != UpdateGraph.Gradients);

    /// <summary>Gets the graph's scalars for a group of parameters.</summary>
    protected IReadOnlyDictionary<string, double> Scalars(ParameterGroup group, UpdateScalars scalars)
    {
        // Running statistics are averaged but not trained: their gradient is 0, and so is their rate;
        // every step is their first, so that no optimizer's slot holds on to older ones.
        var values = new Dictionary<string, double>
        {
            [UpdateGraph.GradientScale] = scalars.GradientScale,
            [UpdateGraph.LearningRate] = group.Trained ? scalars.LearningRate * group.RateScale : 0,
            [UpdateGraph.WeightDecay] = group.WeightDecay ?? optimizer.WeightDecay,
            [UpdateGraph.Step] = group.Trained ? scalars.Step : 1,
        };
        foreach (var (k, shadow) in _shadows.Index())
            values[UpdateGraph.Decay(k)] = scalars.Decays[shadow];
        foreach (var (name, value) in optimizer.Scalars.Zip(scalars.Own))
            values[name] = value;
        return values;
    }

    private IEnumerable<(string Name, Arena Arena)> Vectors() =>
        [(UpdateGraph.Weights, engine.Weights), (UpdateGraph.Gradients, engine.Gradients), .. manifest.Slots.Zip(engine.Slots),
            .. _shadows.Select((shadow, k) => (UpdateGraph.Average(k), engine.Shadows[shadow]))];
}
